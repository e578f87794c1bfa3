import { parseStackFrame, shortPlace } from '../detail/stack-frame.ts';
import { usePanel } from '../panel-context.ts';

const ROLE_WORDS: { readonly [role: string]: string | undefined } = {
  create: 'Created at',
  destroy: 'Destroyed at',
  close: 'Closed at',
  terminate: 'Terminated at',
  allocate: 'Allocated at',
  free: 'Freed at',
  'second free': 'Freed once more at',
  access: 'Used at',
  exception: 'Thrown at',
  'first destroy': 'First destroyed at',
};

/** A stack whose frames open in Sources. Only frames that name a source can be clicked. */
export function Stack({
  role,
  frames,
}: {
  readonly role: string;
  readonly frames: readonly string[];
}) {
  const { actions } = usePanel();
  if (frames.length === 0) return null;
  return (
    <section class="stack">
      <h4>{ROLE_WORDS[role] ?? role}</h4>
      <ol>
        {frames.map((text, i) => {
          const { fn, place } = parseStackFrame(text);
          return (
            <li key={i}>
              <span class="fn" title={text}>
                {fn}
              </span>
              {place === undefined ? null : (
                <button
                  type="button"
                  class="link place"
                  title={`Open ${place.url}:${place.line} in Sources`}
                  onClick={() => actions.openSource(place.url, place.line, place.column)}
                >
                  {shortPlace(place)}
                </button>
              )}
            </li>
          );
        })}
      </ol>
    </section>
  );
}
