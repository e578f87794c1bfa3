import { Patches } from '../base/patch.ts';
import { Channels } from '../hooks/channels.ts';
import { Memories } from '../hooks/memories.ts';
import { type Command, PROTOCOL_VERSION } from '../shared/messages.ts';
import { type ContextId, MAIN_THREAD } from '../shared/units.ts';
import { observeAnnotations } from './annotations.ts';
import { type Channel, openChannel } from './channel.ts';
import { observeCompilation } from './compilation.ts';
import { observeContexts } from './contexts.ts';
import { observeEarlyEnd } from './early-end.ts';
import { Entities } from './entities.ts';
import type { HandOver } from './hand-over.ts';
import { LatePart } from './late-part.ts';
import { mainWitness, plainMessages } from './main-witness.ts';
import { observeModules } from './modules.ts';
import { takeNatives } from './natives.ts';
import { observeNodeConstruction } from './nodes.ts';
import type { Observation } from './observation.ts';
import { Order } from './order.ts';
import { type PageRealm, takePageRealm } from './page-realm.ts';
import { createPreludeLoader, takeRandomNames } from './prelude.ts';
import { Recorder } from './recorder.ts';
import { installStubs } from './stubs.ts';
import { observePageWorkers } from './workers.ts';

/** Runs in every frame before the page's first script. Without Web Audio it leaves nothing behind. */
function main(): void {
  const realm = takePageRealm();
  const channel = openChannel(realm);
  if (!channel) return;
  try {
    observe(realm, channel);
  } catch (error) {
    channel.send({ kind: 'fault', message: String(error) });
  }
}

function observe(realm: PageRealm, channel: Channel): void {
  const natives = takeNatives();
  const order = new Order(realm.isolated);
  let handOver: (() => HandOver) | undefined;
  const recorder = new Recorder({
    realm,
    order,
    ownUrl: channel.base,
    begins: () => {
      const { timeOrigin, isolated } = realm;
      channel.send({ kind: 'hello', protocol: PROTOCOL_VERSION, timeOrigin, isolated });
      recordDocument(recorder);
      if (natives) observeEarlyEnd({ realm, recorder, late }, channel, natives);
    },
    fault: (message) => channel.send({ kind: 'fault', message }),
  });
  const late = new LatePart(channel, recorder, () => handOver?.() as HandOver);
  channel.listen((command) => recorder.guard(() => late.hear(command as Command)));
  if (!natives) return;

  const patches = new Patches();
  const witness = mainWitness(recorder, patches, order);
  const entities = new Entities(natives);
  const observation: Observation = { realm, recorder, patches, entities, late };
  observeContexts(observation);
  const randomName = takeRandomNames();
  const worklet = `${channel.base}worklet.js`;
  observeModules(observation, createPreludeLoader(observation, worklet, randomName));
  observeAnnotations(observation);
  const compilations = observeCompilation(observation);
  const nodeConstruction = observeNodeConstruction(observation);
  const memories = new Memories(witness);
  const channels = new Channels({ witness, memories, firstEnd: 1, sink: plainMessages(recorder) });
  const stubs = installStubs(patches, realm.isolated, channels);
  const worker = { url: `${channel.base}worker.js`, order, randomName };
  observePageWorkers(observation, witness, channels, worker);
  handOver = () => ({
    realm,
    channel,
    order,
    patches,
    recorder,
    entities,
    nodeConstruction,
    stubs,
    channels,
    memories,
    compilations,
  });
}

/** What a document says of itself once, before its first record. */
function recordDocument(recorder: Recorder): void {
  recorder.record('threadStarted', {
    thread: MAIN_THREAD,
    kind: 'main',
    context: 0 as ContextId,
    name: 'main',
  });
}

main();
