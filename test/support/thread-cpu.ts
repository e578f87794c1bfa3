import { readdirSync, readFileSync } from 'node:fs';

/**
 * Milliseconds of processor time that the threads whose name begins with `name` have had so far, in all
 * processes that were started with `profile` and `part` in their command line. Undefined where there is no /proc.
 */
export function threadCpuMillis(profile: string, name: string, part = ''): number | undefined {
  const read = (path: string): string => {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return ''; // It ended meanwhile.
    }
  };
  const list = (path: string): readonly string[] => {
    try {
      return readdirSync(path);
    } catch {
      return [];
    }
  };
  if (read('/proc/self/schedstat') === '') return undefined;
  let nanos = 0;
  for (const pid of list('/proc')) {
    const command = /^\d+$/.test(pid) ? read(`/proc/${pid}/cmdline`) : '';
    if (!command.includes(profile) || !command.includes(part)) continue;
    for (const thread of list(`/proc/${pid}/task`)) {
      const folder = `/proc/${pid}/task/${thread}`;
      if (!read(`${folder}/comm`).startsWith(name)) continue;
      nanos += Number(read(`${folder}/schedstat`).split(' ')[0]);
    }
  }
  return nanos / 1e6;
}
