import { parseArgs } from 'node:util';
import { err, ok, type Result } from '../base/result.ts';
import {
  DEFAULT_SETTINGS,
  isMemoryLevel,
  isQuarantine,
  isSeed,
  MAX_QUARANTINE,
  MEMORY_LEVELS,
  type MemoryLevel,
} from '../shared/settings.ts';
import { MAX_SEED } from '../shared/stress-schedule.ts';

export interface InspectArguments {
  readonly url: string;
  readonly seconds: number;
  readonly json: boolean;
  readonly run?: string;
  /** How long that may take. */
  readonly runSeconds: number;
  readonly out?: string;
  readonly profile?: string;
  readonly chrome?: string;
  /** The seed of stress teardown. */
  readonly stress?: number;
  readonly memory?: MemoryLevel;
  /** Megabytes. */
  readonly quarantine?: number;
}

export const USAGE = `usage: npm run inspect -- <url> [flags]

  --seconds N     how long to record, from the page's load event on (default 5)
  --run CODE      an expression to evaluate in the page after it has loaded; its promise is awaited
  --run-seconds N how long that may take (default 60)
  --stress SEED   make races happen: stress each teardown on the schedule of this number, from 1 to ${MAX_SEED}
  --memory LEVEL  how much is seen of memory: ledger (default), heap or full, see docs/memory.md
  --quarantine MB how much freed memory is kept back in each heap, with full: 1 to ${MAX_QUARANTINE} (default ${DEFAULT_SETTINGS.quarantine})
  --out DIR       write trace.pftrace, session.lifeline, report.json and panel.png there
  --json          print the report as one JSON document
  --profile DIR   a browser profile to use, for pages behind a log-in
  --chrome PATH   the browser to use

exit status: 0 no finding of severity warning or error, 1 some, 2 it could not be done`;

const SCHEMES: readonly string[] = ['http:', 'https:', 'file:'];
const MAX_SECONDS = 86_400;

/** Reads the arguments of `inspect`. An error is one line for the user. */
export function parseInspectArguments(args: readonly string[]): Result<InspectArguments> {
  let parsed: ReturnType<typeof parseFlags>;
  try {
    parsed = parseFlags(args);
  } catch (error) {
    return err((error as Error).message.replace(/\.\s.*/s, ''));
  }
  const { values, positionals } = parsed;
  const [given, ...others] = positionals;
  if (given === undefined) return err('which URL?');
  if (others.length > 0) return err(`one URL at a time: ${others.join(' ')}`);
  if (!URL.canParse(given)) return err(`bad URL: ${given}`);
  const url = new URL(given);
  if (!SCHEMES.includes(url.protocol)) return err(`bad URL: cannot inspect ${url.protocol} pages`);
  for (const flag of ['seconds', 'run-seconds'] as const) {
    const value = values[flag];
    if (value.trim() === '' || !(Number(value) >= 0 && Number(value) <= MAX_SECONDS)) {
      return err(`--${flag} wants a number from 0 to ${MAX_SECONDS}, not ${value}`);
    }
  }
  const { run, out, profile, chrome, memory } = values;
  const stress = values.stress === undefined ? undefined : Number(values.stress);
  if (stress !== undefined && !isSeed(stress)) {
    return err(`--stress wants a whole number from 1 to ${MAX_SEED}, not ${values.stress}`);
  }
  if (memory !== undefined && !isMemoryLevel(memory)) {
    return err(`--memory wants ${MEMORY_LEVELS.join(', ')}, not ${memory}`);
  }
  const quarantine = values.quarantine === undefined ? undefined : Number(values.quarantine);
  if (quarantine !== undefined && !isQuarantine(quarantine)) {
    return err(
      `--quarantine wants a whole number from 1 to ${MAX_QUARANTINE}, not ${values.quarantine}`,
    );
  }
  return ok({
    url: url.href,
    seconds: Number(values.seconds),
    runSeconds: Number(values['run-seconds']),
    json: values.json,
    ...(run === undefined ? {} : { run }),
    ...(out === undefined ? {} : { out }),
    ...(profile === undefined ? {} : { profile }),
    ...(chrome === undefined ? {} : { chrome }),
    ...(stress === undefined ? {} : { stress }),
    ...(memory === undefined ? {} : { memory }),
    ...(quarantine === undefined ? {} : { quarantine }),
  });
}

function parseFlags(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '5' },
      run: { type: 'string' },
      'run-seconds': { type: 'string', default: '60' },
      out: { type: 'string' },
      json: { type: 'boolean', default: false },
      profile: { type: 'string' },
      chrome: { type: 'string' },
      stress: { type: 'string' },
      memory: { type: 'string' },
      quarantine: { type: 'string' },
    },
  });
}
