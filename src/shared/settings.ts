/** What the user can change, as it travels to every page. Stored in `storage.local`. */
export interface Settings {
  /** False: hooks stay, records are not made. The pause is shown as a gap. */
  readonly recording: boolean;
  /** Times every call with the finest clock there is. Costs time and garbage on the audio thread. */
  readonly fineClock: boolean;
  /** Origins to record; empty means all. */
  readonly origins: readonly string[];
}

export const DEFAULT_SETTINGS: Settings = { recording: true, fineClock: false, origins: [] };
