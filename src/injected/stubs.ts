import type { ApplyTrap, Patches, Replaced } from '../base/patch.ts';
import type { InstallAtomics } from '../hooks/atomics.ts';
import { stubAtomics } from '../hooks/atomics-stubs.ts';
import type { Channels } from '../hooks/channels.ts';
import { prototypeOf } from '../hooks/interfaces.ts';

/**
 * Functions that are replaced before the page can wrap them, and call straight through until the late part
 * gives them a trap. Nothing is missed meanwhile: what these traps look for begins with a node, a node with
 * an `addModule`, and that waits for the late part.
 */
export interface Stubs {
  readonly connect: Replaced<ApplyTrap>;
  readonly disconnect: Replaced<ApplyTrap>;
  readonly postMessage: Replaced<ApplyTrap>;
  readonly closePort: Replaced<ApplyTrap>;
  /** Undefined where no memory can be shared. */
  readonly atomics: InstallAtomics | undefined;
}

/** Those of ports have a trap already. */
export function installStubs(patches: Patches, isolated: boolean, channels: Channels): Stubs {
  const stub = (interfaceName: string, method: string): Replaced<ApplyTrap> =>
    patches.method(prototypeOf(interfaceName) as object, method) as Replaced<ApplyTrap>;
  return {
    connect: stub('AudioNode', 'connect'),
    disconnect: stub('AudioNode', 'disconnect'),
    postMessage: channels.posting as Replaced<ApplyTrap>,
    closePort: channels.closing as Replaced<ApplyTrap>,
    atomics: isolated ? stubAtomics(patches) : undefined,
  };
}
