/** The little of `chrome.devtools` that the panel needs; absent when it is opened as a tab. */
interface DevtoolsApi {
  readonly inspectedWindow: {
    readonly tabId: number;
    reload(options: { readonly ignoreCache: boolean }): void;
  };
  readonly panels: {
    readonly themeName: string;
    setThemeChangeHandler?(changed: (theme: string) => void): void;
    readonly onThemeChanged?: { addListener(changed: (theme: string) => void): void };
    openResource?(url: string, line: number, column: number, done?: () => void): void;
  };
}

export type Theme = 'light' | 'dark';

/** What the panel may ask of the browser around it. */
export interface Host {
  /** Undefined: no page is inspected, the panel opens session files. */
  readonly tabId: number | undefined;
  /** Calls `seen` with the theme now and whenever it changes. */
  watchTheme(seen: (theme: Theme) => void): void;
  reloadPage(): void;
  /** Lines and columns count from 1, as stacks print them. False: there is nothing to open it with. */
  openSource(url: string, line: number, column: number): boolean;
}

export function connectHost(search: string): Host {
  const api = devtoolsApi();
  const withoutPage = new URLSearchParams(search).has('session') || api === undefined;
  return {
    tabId: withoutPage ? undefined : api.inspectedWindow.tabId,
    watchTheme(seen) {
      if (api === undefined) watchSystemTheme(seen);
      else watchDevtoolsTheme(api, seen);
    },
    reloadPage() {
      api?.inspectedWindow.reload({ ignoreCache: false });
    },
    openSource(url, line, column) {
      if (api?.panels.openResource === undefined) return false;
      api.panels.openResource(url, line - 1, column - 1);
      return true;
    },
  };
}

function devtoolsApi(): DevtoolsApi | undefined {
  const scope = globalThis as { readonly chrome?: { readonly devtools?: DevtoolsApi } };
  return scope.chrome?.devtools;
}

function watchDevtoolsTheme(api: DevtoolsApi, seen: (theme: Theme) => void): void {
  const change = (name: string): void => seen(name === 'dark' ? 'dark' : 'light');
  change(api.panels.themeName);
  if (api.panels.setThemeChangeHandler !== undefined) api.panels.setThemeChangeHandler(change);
  else api.panels.onThemeChanged?.addListener(change);
}

function watchSystemTheme(seen: (theme: Theme) => void): void {
  const query = matchMedia('(prefers-color-scheme: dark)');
  const change = (): void => seen(query.matches ? 'dark' : 'light');
  query.addEventListener('change', change);
  change();
}
