interface SplitterProps {
  readonly axis: 'x' | 'y';
  readonly label: string;
  /** Of the room, what the pane after the line has. */
  readonly share: number;
  /** The pointer's place in CSS pixels of the window. */
  readonly onMove: (at: number) => void;
  /** −1 or 1 from the arrow keys. */
  readonly onStep: (step: number) => void;
}

/** A line between two panes that can be dragged, or moved with the arrow keys. */
export function Splitter({ axis, label, share, onMove, onStep }: SplitterProps) {
  const [less, more] = axis === 'y' ? ['ArrowUp', 'ArrowDown'] : ['ArrowLeft', 'ArrowRight'];
  return (
    // biome-ignore lint/a11y/useSemanticElements: a rule cannot be dragged
    <div
      class={`splitter ${axis}`}
      role="separator"
      aria-valuenow={Math.round(share * 100)}
      aria-label={label}
      aria-orientation={axis === 'y' ? 'horizontal' : 'vertical'}
      tabIndex={0}
      onPointerDown={(event) => {
        event.preventDefault();
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
        onMove(axis === 'y' ? event.clientY : event.clientX);
      }}
      onKeyDown={(event) => {
        if (event.key !== less && event.key !== more) return;
        event.preventDefault();
        event.stopPropagation();
        onStep(event.key === less ? -1 : 1);
      }}
    />
  );
}
