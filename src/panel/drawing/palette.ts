/** The colours and fonts of the canvas, read from the style sheet's custom properties. */
const COLOURS = {
  background: '--bg',
  gutter: '--bg-side',
  heading: '--bg-heading',
  hover: '--bg-hover',
  selected: '--bg-selected',
  rule: '--line',
  grid: '--grid',
  text: '--text',
  faint: '--text-faint',
  accent: '--accent',
  life: '--life',
  call: '--call',
  callLow: '--call-low',
  running: '--running',
  runningBand: '--running-band',
  suspended: '--suspended',
  closed: '--closed',
  messageIn: '--message-in',
  messageOut: '--message-out',
  thread: '--thread',
  atomic: '--atomic',
  stress: '--stress',
  ordered: '--ordered',
  unknown: '--unknown',
  error: '--error',
  errorFill: '--error-fill',
  errorSoft: '--error-soft',
  warning: '--warning',
  warningFill: '--warning-fill',
  warningSoft: '--warning-soft',
  info: '--info',
  quiet: '--quiet',
  gap: '--gap',
  badgeText: '--on-badge',
} as const;

export type Palette = { readonly [C in keyof typeof COLOURS]: string } & {
  readonly font: string;
  readonly smallFont: string;
};

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element);
  const entries = Object.entries(COLOURS).map(([name, property]) => [
    name,
    style.getPropertyValue(property).trim(),
  ]);
  const family = style.fontFamily;
  return {
    ...(Object.fromEntries(entries) as { [C in keyof typeof COLOURS]: string }),
    font: `12px ${family}`,
    smallFont: `11px ${family}`,
  };
}
