import { Patches } from '../base/patch.ts';
import type { Command } from '../shared/messages.ts';
import { observeAnnotations } from './annotations.ts';
import { takeAudioNatives } from './audio-natives.ts';
import { type Channel, openChannel } from './channel.ts';
import { Collector } from './collector.ts';
import { observeContexts } from './contexts.ts';
import { Entities } from './entities.ts';
import { observeModules } from './modules.ts';
import { observeNodes } from './nodes.ts';
import type { Observation } from './observation.ts';
import { Order } from './order.ts';
import { type PageRealm, takePageRealm } from './page-realm.ts';
import { observePorts } from './ports.ts';
import { createPreludeLoader } from './prelude.ts';
import { Recorder } from './recorder.ts';
import { observeWires } from './wires.ts';

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
  const natives = takeAudioNatives();
  const order = new Order(realm.isolated);
  const recorder = new Recorder({
    realm,
    order,
    ownUrl: channel.prelude.slice(0, channel.prelude.lastIndexOf('/')),
    recorded: () => collector.recorded(),
    fault: (message) => channel.send({ kind: 'fault', message }),
  });
  const collector = new Collector(realm, recorder, (message) => channel.send(message));
  collector.hello();
  channel.listen((command) => recorder.guard(() => collector.obey(command as Command)));
  if (!natives) return;

  const patches = new Patches();
  const observation: Observation = {
    realm,
    recorder,
    collector,
    patches,
    entities: new Entities(natives),
  };
  const prelude = createPreludeLoader(observation, channel.prelude, order);
  observeContexts(observation);
  observeModules(observation, prelude);
  const nodes = observeNodes(observation, observePorts(observation));
  observeWires(observation);
  observeAnnotations(observation, nodes);
}

main();
