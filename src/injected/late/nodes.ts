import {
  getOwnPropertyDescriptor,
  IntrinsicFinalizationRegistry,
  IntrinsicMap,
  mapGet,
  mapSet,
  registerFinalizer,
  weakMapSet,
} from '../../base/intrinsics.ts';
import type { Native } from '../../base/patch.ts';
import { digestValue } from '../../hooks/value-digest.ts';
import type { NodeId, Ordinal, Seq } from '../../shared/units.ts';
import type { ContextEntry } from '../entities.ts';
import type { Natives } from '../natives.ts';
import { nameOf } from '../nodes.ts';
import { recogniseEmscripten } from './emscripten.ts';
import type { LateObservation } from './late-observation.ts';
import type { NodeEntry } from './node-entries.ts';
import type { PortObserver } from './ports.ts';

/** Worklet nodes by the name of their processor, for annotations that name no object. */
export interface NodesByName {
  /** `name` finds the newest node of that name, `name#k` the k-th, counted from 1. */
  find(mark: string): NodeEntry | undefined;
}

/** Watches worklet nodes: construction (subclasses too), refusals, error events, collection. */
export function observeNodes(observation: LateObservation, ports: PortObserver): NodesByName {
  const { heaps, nodeConstruction, entities, nodes, recorder, realm } = observation;
  const { natives } = entities;
  const named = new NodeNames();

  const collected = new IntrinsicFinalizationRegistry<NodeId>((node) =>
    recorder.record('nodeCollected', { node }),
  );

  const constructed = (
    node: AudioWorkletNode,
    context: ContextEntry,
    args: readonly unknown[],
    newTarget: Native,
    seq: Seq,
  ): void => {
    const ordinal = context.nodes++ as Ordinal;
    const entry = nodes.add(node, context, true);
    if (!entry) return;
    const processorName = nameOf(args);
    const options = args.length > 2 ? processorOptionsOf(args[2]) : undefined;
    const digest = options === undefined ? undefined : digestValue(options);
    const glue = recogniseEmscripten(options, context.emscripten);
    if (glue.role === 'bootstrap') context.emscripten = true;
    entry.memory = glue.role === 'no' ? (digest?.memory ?? 'none') : 'wasm';
    named.add(processorName, entry);
    registerFinalizer(collected, node, entry.id);
    recorder.record(
      'nodeCreated',
      {
        context: context.id,
        node: entry.id,
        ordinal,
        processorName,
        className: classNameOf(newTarget),
        numberOfInputs: natives.numberOfInputs(node),
        numberOfOutputs: natives.numberOfOutputs(node),
        emscripten: glue.role,
        userData: glue.userData,
        callback: glue.callback,
        memory: entry.memory,
        options: digest?.preview ?? '',
        frame: entities.frameOf(context),
        stack: recorder.stack(),
      },
      seq,
    );
    const block = glue.userData > 0 ? heaps.blocks?.blockAt(glue.userData) : undefined;
    if (block) recorder.record('userDataIn', { node: entry.id, block: block.block });
    ports.observe(natives.port(node), entry);
    if (options !== undefined) ports.observeOptions(entry, options, seq);
    natives.eachParameter(node, (param, name) =>
      weakMapSet(nodes.params, param, { owner: entry, name }),
    );
    const failed = (event: Event): void =>
      recorder.guard(() => {
        recorder.record('processorErrorEvent', {
          node: entry.id,
          reason: reasonOf(natives, event),
        });
      });
    // Chromium's event has the type `error`, the specification's is `processorerror`.
    realm.listen(node, 'error', failed);
    realm.listen(node, 'processorerror', failed);
  };

  nodeConstruction.constructed = constructed;
  return named;
}

/** What a processor error event says: the message, and where it was thrown. */
function reasonOf(natives: Natives, event: Event): string {
  const file = natives.filename(event);
  return `${natives.message(event)}${file ? ` (${file}:${natives.lineno(event)})` : ''}`;
}

/** Nodes of a document that can be found again by name. */
const MAX_KEPT = 50_000;
/** Stands where the number of the newest node of a name would: `drone#`. */
const NEWEST = '';

class NodeNames implements NodesByName {
  readonly #nodes = new IntrinsicMap<string, NodeEntry>();
  readonly #counts = new IntrinsicMap<string, number>();
  #kept = 0;

  add(name: string, entry: NodeEntry): void {
    if (++this.#kept > MAX_KEPT) return;
    const which = (mapGet(this.#counts, name) ?? 0) + 1;
    mapSet(this.#counts, name, which);
    mapSet(this.#nodes, `${name}#${NEWEST}`, entry);
    mapSet(this.#nodes, `${name}#${which}`, entry);
  }

  find(mark: string): NodeEntry | undefined {
    return mapGet(this.#nodes, `${mark}#${NEWEST}`) ?? mapGet(this.#nodes, mark);
  }
}

/** Read as data only; the native constructor has cloned it, so nothing in it is a `Proxy`. */
function processorOptionsOf(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined;
  return getOwnPropertyDescriptor(options, 'processorOptions')?.value;
}

function classNameOf(newTarget: Native): string {
  const name: unknown = getOwnPropertyDescriptor(newTarget, 'name')?.value;
  return typeof name === 'string' && name !== '' ? name : 'AudioWorkletNode';
}
