import {
  getOwnPropertyDescriptor,
  IntrinsicFinalizationRegistry,
  IntrinsicMap,
  mapGet,
  mapSet,
  registerFinalizer,
  weakMapGet,
  weakMapSet,
} from '../base/intrinsics.ts';
import { constructAs, type Native } from '../base/patch.ts';
import { describeError } from '../shared/describe-error.ts';
import type { NodeId, Ordinal, Seq } from '../shared/units.ts';
import { recogniseEmscripten } from './emscripten.ts';
import type { ContextEntry, NodeEntry } from './entities.ts';
import type { Observation } from './observation.ts';
import { getterOf, interfaceOf } from './page-realm.ts';
import type { PortObserver } from './ports.ts';
import { digestValue } from './value-digest.ts';

/** Worklet nodes by the name of their processor, for annotations that name no object. */
export interface NodesByName {
  /** The `which`-th node of this name, from 1; the newest where `which` is undefined. */
  find(processorName: string, which: number | undefined): NodeEntry | undefined;
}

/** Watches worklet nodes: construction (subclasses too), refusals, error events, collection. */
export function observeNodes(observation: Observation, ports: PortObserver): NodesByName {
  const { patches, entities, recorder, realm } = observation;
  const { natives } = entities;
  const named = new NodeNames();
  const reasonOf = takeReason();

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
    const entry = entities.addNode(node, context, true);
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
        numberOfInputs: natives.numberOfInputsOf(node),
        numberOfOutputs: natives.numberOfOutputsOf(node),
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
    ports.observe(natives.portOf(node), entry);
    natives.eachParameter(node, (param, name) =>
      weakMapSet(entities.params, param, { owner: entry, name }),
    );
    const failed = (event: Event): void =>
      recorder.guard(() => {
        recorder.record('processorErrorEvent', { node: entry.id, reason: reasonOf(event) });
      });
    // Chromium's event has the type `error`, the specification's is `processorerror`.
    realm.listen(node, 'error', failed);
    realm.listen(node, 'processorerror', failed);
  };

  patches.constructible(globalThis, 'AudioWorkletNode', (native, args, newTarget) => {
    const context = args.length > 0 ? weakMapGet(entities.contexts, args[0] as object) : undefined;
    const seq = recorder.next();
    let node: object;
    try {
      node = constructAs(native, args, newTarget);
    } catch (error) {
      recorder.guard(() => {
        if (context) recordRefusal(observation, context, nameOf(args), error);
      });
      throw error;
    }
    recorder.guard(() => {
      if (context) constructed(node as AudioWorkletNode, context, args, newTarget, seq);
      else recorder.record('uncovered', { what: 'cross-realm', detail: FOREIGN_CONTEXT });
    });
    return node;
  });

  return named;
}

/** What a processor error event says: the message, and where it was thrown. */
function takeReason(): (event: Event) => string {
  const ErrorEvent = interfaceOf('ErrorEvent');
  const messageOf = getterOf<Event, string>(ErrorEvent, 'message');
  const fileOf = getterOf<Event, string>(ErrorEvent, 'filename');
  const lineOf = getterOf<Event, number>(ErrorEvent, 'lineno');
  const columnOf = getterOf<Event, number>(ErrorEvent, 'colno');
  return (event) => {
    const file = fileOf?.(event) ?? '';
    const place = file === '' ? '' : ` (${file}:${lineOf?.(event)}:${columnOf?.(event)})`;
    return `${messageOf?.(event) ?? ''}${place}`;
  };
}

const FOREIGN_CONTEXT =
  'A worklet node was made in a context of another frame: it and its processor are not seen.';

function recordRefusal(
  { recorder, entities }: Observation,
  context: ContextEntry,
  processorName: string,
  error: unknown,
): void {
  recorder.record('nodeRefused', {
    context: context.id,
    processorName,
    contextState: entities.stateOf(context),
    reason: describeError(error),
    stack: recorder.stack(),
  });
}

/** Names and nodes that can be found again. */
const MAX_KEPT = 50_000;
/** Where the newest of a name is found; the others count from 1. */
const NEWEST = 0;

class NodeNames implements NodesByName {
  readonly #counts = new IntrinsicMap<string, number>();
  readonly #byName = new IntrinsicMap<string, Map<number, NodeEntry>>();
  #kept = 0;

  /** Of very many nodes only the newest of each name is kept on. */
  add(name: string, entry: NodeEntry): void {
    let nodes = mapGet(this.#byName, name);
    if (!nodes) {
      if (++this.#kept > MAX_KEPT) return;
      nodes = new IntrinsicMap<number, NodeEntry>();
      mapSet(this.#byName, name, nodes);
    }
    mapSet(nodes, NEWEST, entry);
    const which = (mapGet(this.#counts, name) ?? 0) + 1;
    mapSet(this.#counts, name, which);
    if (++this.#kept <= MAX_KEPT) mapSet(nodes, which, entry);
  }

  find(processorName: string, which = NEWEST): NodeEntry | undefined {
    const nodes = mapGet(this.#byName, processorName);
    return nodes && mapGet(nodes, which);
  }
}

function nameOf(args: readonly unknown[]): string {
  const name = args.length > 1 ? args[1] : '';
  return typeof name === 'string' ? name : '(not a string)';
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
