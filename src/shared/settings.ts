import { MAX_SEED } from './stress-schedule.ts';

/**
 * How much is seen of memory. `ledger`: what passes the boundary of modules, which run as they are. `heap`: modules are
 * rewritten to tell of their own allocator. `full`: their accesses to freed memory as well.
 */
export const MEMORY_LEVELS = ['ledger', 'heap', 'full'] as const;
export type MemoryLevel = (typeof MEMORY_LEVELS)[number];

/** What the user can change, as it travels to every page. Stored in `storage.local`. */
export interface Settings {
  /** False: hooks stay, records are not made. The pause is shown as a gap. */
  readonly recording: boolean;
  /** Times every call with the finest clock there is. Costs time and garbage on the audio thread. */
  readonly fineClock: boolean;
  /** Origins to record; empty means all. */
  readonly origins: readonly string[];
  /** The seed of stress teardown; 0: off. A document goes by what it is told first. */
  readonly stress: number;
  /** A document goes by what it is told first. */
  readonly memory: MemoryLevel;
  /** Megabytes of freed blocks that rest in each heap at most, with `full`. A document goes by what it is told first. */
  readonly quarantine: number;
}

export const DEFAULT_SETTINGS: Settings = {
  recording: true,
  fineClock: false,
  origins: [],
  stress: 0,
  memory: 'ledger',
  quarantine: 16,
};

export const MAX_QUARANTINE = 1024;

/**
 * What the page of `origin` is told: whether it is recorded itself, and nothing of what else the user
 * has chosen to record.
 */
export function settingsFor(origin: string, settings: Settings): Settings {
  const { recording, origins, stress, memory, quarantine } = settings;
  const wanted = recording && (origins.length === 0 || origins.includes(origin));
  return {
    ...settings,
    recording: wanted,
    origins: [],
    stress: wanted ? stress : DEFAULT_SETTINGS.stress,
    memory: wanted ? memory : DEFAULT_SETTINGS.memory,
    quarantine: wanted ? quarantine : DEFAULT_SETTINGS.quarantine,
  };
}

/** The key under which `storage.local` holds the settings. */
export const SETTINGS_KEY = 'settings';

/** Reads what storage holds; fields that are missing or of another type take their default. */
export function parseSettings(value: unknown): Settings {
  const stored = (typeof value === 'object' && value !== null ? value : {}) as {
    readonly [field: string]: unknown;
  };
  const { recording, fineClock, origins, stress, memory, quarantine } = stored;
  return {
    recording: typeof recording === 'boolean' ? recording : DEFAULT_SETTINGS.recording,
    fineClock: typeof fineClock === 'boolean' ? fineClock : DEFAULT_SETTINGS.fineClock,
    origins: Array.isArray(origins)
      ? origins.filter((each): each is string => typeof each === 'string')
      : DEFAULT_SETTINGS.origins,
    stress: isSeed(stress) ? stress : DEFAULT_SETTINGS.stress,
    memory: isMemoryLevel(memory) ? memory : DEFAULT_SETTINGS.memory,
    quarantine: isQuarantine(quarantine) ? quarantine : DEFAULT_SETTINGS.quarantine,
  };
}

export function isMemoryLevel(value: unknown): value is MemoryLevel {
  return (MEMORY_LEVELS as readonly unknown[]).includes(value);
}

export function isQuarantine(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_QUARANTINE;
}

export function isSeed(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= MAX_SEED;
}
