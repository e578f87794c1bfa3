import { hasOwn, IntrinsicMap, mapForEach, mapGet, mapSet, slice } from '../base/intrinsics.ts';
import type { HeapRole } from './heap-hooks.ts';
import { eachMatch } from './intrinsics.ts';
import { functionNames } from './name-section.ts';
import type { WasmModule } from './read-module.ts';
import { EXTERNAL, SECTION } from './section.ts';

/** What functions of allocators are called, without prefixes. */
const ROLE_OF_NAME: { readonly [name: string]: HeapRole } = {
  malloc: 'malloc',
  free: 'free',
  calloc: 'calloc',
  realloc: 'realloc',
  memalign: 'memalign',
  aligned_alloc: 'memalign',
  posix_memalign: 'posixMemalign',
};

/** Prefixes that a name may have, longest first where one begins like another. */
const PREFIXES = ['emscripten_builtin_', '__libc_', 'emmalloc_', 'mi_', 'dl', '_'] as const;

/** Where a name was found. */
export type NameSource = 'export' | 'name' | 'glue';

/** Calls `found` for each function whose name says that it is one of an allocator. */
export function findNames(
  module: WasmModule,
  glue: string | undefined,
  found: (role: HeapRole, index: number, source: NameSource) => void,
): void {
  const { exports, sections } = module;
  const renamed = glue === undefined ? undefined : glueNames(glue);
  for (let i = 0; i < exports.length; i++) {
    const { kind, name, index } = exports.at(i);
    if (kind !== EXTERNAL.function) continue;
    const role = roleOf(name);
    if (role) found(role, index, 'export');
    const inGlue = renamed && mapGet(renamed, name);
    if (inGlue) found(inGlue, index, 'glue');
  }
  for (let i = 0; i < sections.length; i++) {
    const section = sections.at(i);
    if (section.id !== SECTION.custom || section.name !== 'name') continue;
    mapForEach(functionNames(module.bytes, section), (name, index) => {
      const role = roleOf(name);
      if (role) found(role, index, 'name');
    });
  }
}

function roleOf(name: string): HeapRole | undefined {
  if (hasOwn(ROLE_OF_NAME, name)) return ROLE_OF_NAME[name];
  for (let i = 0; i < PREFIXES.length; i++) {
    const prefix = PREFIXES[i] as string;
    if (slice(name, 0, prefix.length) !== prefix) continue;
    const role = roleOf(slice(name, prefix.length));
    if (role) return role;
  }
  return undefined;
}

/** `_malloc=Module["_malloc"]=wasmExports["Mc"]`, `(_free = asm.b)(…)` and the like: the export behind a name. */
const ASSIGNED =
  /\b_(malloc|free|calloc|realloc|memalign)\s*=[^;,{}]{0,60}?(?:wasmExports|asm|[eE]xports)(?:\["([\w$]+)"\]|\['([\w$]+)'\]|\.([\w$]+))/g;

/** Roles by the name of the export that an Emscripten page's glue gives them. */
export function glueNames(glue: string): Map<string, HeapRole> {
  const names = new IntrinsicMap<string, HeapRole>();
  eachMatch(ASSIGNED, glue, (groups) => {
    const name = groups[2] ?? groups[3] ?? groups[4];
    if (name !== undefined) mapSet(names, name, groups[1] as HeapRole);
  });
  return names;
}
