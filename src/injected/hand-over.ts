import type { Patches } from '../base/patch.ts';
import type { Channels } from '../hooks/channels.ts';
import type { Memories } from '../hooks/memories.ts';
import type { Channel } from './channel.ts';
import type { Compilations } from './compilation.ts';
import type { Entities } from './entities.ts';
import type { NodeConstruction } from './nodes.ts';
import type { Order } from './order.ts';
import type { PageRealm } from './page-realm.ts';
import type { Recorder } from './recorder.ts';
import type { Stubs } from './stubs.ts';

/** What the early part hands to the late one. */
export interface HandOver {
  readonly realm: PageRealm;
  readonly channel: Channel;
  readonly order: Order;
  readonly patches: Patches;
  readonly recorder: Recorder;
  readonly entities: Entities;
  readonly nodeConstruction: NodeConstruction;
  readonly stubs: Stubs;
  readonly channels: Channels;
  readonly memories: Memories;
  readonly compilations: Compilations;
}
