import type { VNode } from 'preact';

/** Drawn on a 16 × 16 grid in the current colour. */
const PATHS = {
  record: () => <circle cx="8" cy="8" r="5" fill="currentColor" />,
  pause: () => <path d="M4.5 3.5h2.5v9H4.5zM9 3.5h2.5v9H9z" fill="currentColor" />,
  clear: () => (
    <g fill="none" stroke="currentColor" stroke-width="1.4">
      <circle cx="8" cy="8" r="5.3" />
      <path d="M4.3 4.3l7.4 7.4" />
    </g>
  ),
  reload: () => (
    <path
      d="M12.9 7.2A5 5 0 1 0 12 11M13 3.2v4H9"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
      stroke-linecap="round"
    />
  ),
  export: () => (
    <path
      d="M8 2.2v7.6M4.9 6.9L8 10l3.1-3.1M3 12v1.6h10V12"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
      stroke-linecap="round"
    />
  ),
  open: () => (
    <path
      d="M2.2 12.6V3.4h4l1.4 1.8h6.2v7.4z"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linejoin="round"
    />
  ),
  settings: () => (
    <g fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round">
      <path d="M2.5 5h6M12 5h1.5M2.5 11H4M7.5 11h6" />
      <circle cx="10.2" cy="5" r="1.7" />
      <circle cx="5.7" cy="11" r="1.7" />
    </g>
  ),
  help: () => (
    <g fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round">
      <circle cx="8" cy="8" r="5.8" />
      <path d="M6.3 6.5a1.75 1.75 0 1 1 2.6 1.6c-.6.3-.9.6-.9 1.2M8 11.3v.1" />
    </g>
  ),
  close: () => (
    <path
      d="M4 4l8 8M12 4l-8 8"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
    />
  ),
  back: () => (
    <path
      d="M9.5 3.5L5 8l4.5 4.5"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  down: () => <path d="M5 6.5h6L8 10z" fill="currentColor" />,
  fit: () => (
    <path
      d="M2.5 4v8M13.5 4v8M5 8h6M6.5 6L4.6 8l1.9 2M9.5 6l1.9 2-1.9 2"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  follow: () => (
    <path
      d="M2.5 8h7M7 5l3 3-3 3M13 3.5v9"
      fill="none"
      stroke="currentColor"
      stroke-width="1.4"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  search: () => (
    <g fill="none" stroke="currentColor" stroke-width="1.4" stroke-linecap="round">
      <circle cx="7" cy="7" r="3.8" />
      <path d="M10 10l3.4 3.4" />
    </g>
  ),
  external: () => (
    <path
      d="M9 3h4v4M13 3L7.5 8.5M11 9v4H3V5h4"
      fill="none"
      stroke="currentColor"
      stroke-width="1.3"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  check: () => (
    <path
      d="M3.5 8.5l3 3 6-7"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linecap="round"
      stroke-linejoin="round"
    />
  ),
  /* The severities differ in shape as well as in colour. */
  error: () => (
    <g>
      <circle cx="8" cy="8" r="6" fill="currentColor" />
      <path d="M5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4" stroke="var(--on-badge)" stroke-width="1.6" />
    </g>
  ),
  warning: () => (
    <g>
      <path d="M8 1.8L15 14H1z" fill="currentColor" />
      <path d="M8 6v4M8 11.3v1.3" stroke="var(--on-badge)" stroke-width="1.6" />
    </g>
  ),
  info: () => (
    <g>
      <rect x="2" y="2" width="12" height="12" rx="3" fill="currentColor" />
      <path d="M8 7.2v4M8 4.6v1.4" stroke="var(--on-badge)" stroke-width="1.6" />
    </g>
  ),
} as const satisfies { readonly [name: string]: () => VNode };

export type IconName = keyof typeof PATHS;

/** With a label it is read out and shown on hovering; without one it is decoration. */
export function Icon({ name, label }: { readonly name: IconName; readonly label?: string }) {
  const box = { class: `icon icon-${name}`, viewBox: '0 0 16 16', width: 16, height: 16 };
  if (label === undefined) {
    return (
      <svg {...box} aria-hidden="true">
        {PATHS[name]()}
      </svg>
    );
  }
  return (
    <svg {...box} role="img">
      <title>{label}</title>
      {PATHS[name]()}
    </svg>
  );
}
