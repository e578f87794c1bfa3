import type { VNode } from 'preact';

/** The symbols of the timeline, drawn as the canvas draws them. */
const SYMBOLS: readonly (readonly [string, () => VNode])[] = [
  [
    'process() calls; higher is denser',
    () => <rect x="2" y="4" width="28" height="12" class="s-call" />,
  ],
  ['calls after the end: a bug', () => <rect x="2" y="4" width="28" height="12" class="s-error" />],
  [
    'calls after detaching: a zombie',
    () => <rect x="2" y="4" width="28" height="12" class="s-warning" />,
  ],
  ['created', () => <rect x="15" y="3" width="2" height="14" class="s-text" />],
  [
    'connected, disconnected',
    () => (
      <g class="s-life">
        <path d="M10 4v12M22 4v12" />
        <circle cx="10" cy="4" r="2" class="s-life-fill" />
        <circle cx="22" cy="16" r="2" />
      </g>
    ),
  ],
  ['message to the processor', () => <rect x="15" y="3" width="2" height="6" class="s-in" />],
  ['message from the processor', () => <rect x="15" y="11" width="2" height="6" class="s-out" />],
  ['farewell: detached or destroyed', () => <path d="M16 4l6 6-6 6-6-6z" class="s-text" />],
  ['port closed', () => <path d="M13 7l6 6M19 7l-6 6" class="s-stroke" />],
  ['garbage-collected', () => <circle cx="16" cy="10" r="4.5" class="s-ring" />],
  ['threw an exception', () => <path d="M12 6l8 8M20 6l-8 8" class="s-fail" />],
  ['a finding', () => <path d="M9 4h14l-7 10z" class="s-error" />],
  ['context running', () => <rect x="2" y="7" width="28" height="6" class="s-running" />],
  ['context suspended', () => <rect x="2" y="9" width="28" height="2" class="s-suspended" />],
  ['records lost', () => <path d="M2 16l8-12M10 16l8-12M18 16l8-12" class="s-gap" />],
];

export function Legend() {
  return (
    <ul class="legend">
      {SYMBOLS.map(([name, draw]) => (
        <li key={name}>
          <svg viewBox="0 0 32 20" width="32" height="20" aria-hidden>
            {draw()}
          </svg>
          <span>{name}</span>
        </li>
      ))}
    </ul>
  );
}
