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
  ['worker: its thread runs', () => <rect x="2" y="7" width="28" height="6" class="s-thread" />],
  [
    'worker blocked in Atomics.wait',
    () => (
      <g>
        <rect x="2" y="7" width="28" height="6" class="s-thread" />
        <rect x="9" y="8" width="14" height="4" class="s-hollow" />
        <path d="M9 10h14" class="s-atomic" />
      </g>
    ),
  ],
  ['worker’s first statement', () => <path d="M13 5l7 5-7 5z" class="s-text" />],
  ['worker terminated or closed', () => <rect x="13" y="7" width="6" height="6" class="s-text" />],
  ['atomic operation', () => <path d="M16 8v5" class="s-atomic thick" />],
  ['message, handled', () => <path d="M8 3l14 12M22 15l-5-1M22 15l-2-5" class="s-arrow" />],
  ['message, not handled', () => <path d="M10 3l6 7M13 8l6 4M19 8l-6 4" class="s-fail" />],
  [
    'stress teardown intervened',
    () => <rect x="14.5" y="2" width="3" height="16" class="s-stress" />,
  ],
  ['torn down in order', () => <path d="M11 10l3.5 3.5L21 6" class="s-ordered" />],
  ['torn down in a race', () => <path d="M18 3l-7 8h4l-2 7 8-10h-4z" class="s-error" />],
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
