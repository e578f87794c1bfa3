import { channelLabel } from '../labels.ts';
import { leftEvidence, leftPayload, leftStack, leftWords } from '../left-payload.ts';
import type { Fate, LostMessages } from '../lost-messages.ts';
import type { ChannelFacts } from '../model.ts';
import { channelEntity, counted, type Scene, stacksOf } from '../scene.ts';
import type { FindingDraft, Rule } from './rule.ts';

const HTML = 'https://html.spec.whatwg.org/multipage/web-messaging.html#message-ports';

/** Messages named one by one. */
const MAX_EVIDENCE = 6;

/** What happened, of a message and of several. */
const FATES: {
  readonly [fate in Exclude<Fate, 'undelivered'>]: {
    readonly words: string;
    readonly cause: string;
    readonly stack: string;
  };
} = {
  'own-end-closed': {
    words: 'posted to a port after it was closed',
    cause: 'the port was closed',
    stack: 'close',
  },
  'other-end-closed': {
    words: 'posted to a port whose other end had been closed',
    cause: 'the other end was closed',
    stack: 'close',
  },
  'worker-terminated': {
    words: 'posted to a worker after it was terminated',
    cause: 'terminate() was called',
    stack: 'terminate',
  },
  'worker-not-loaded': {
    words: 'posted to a worker whose script had not loaded',
    cause: 'the worker’s script did not load',
    stack: 'end',
  },
  'context-closed': {
    words: 'posted to a processor after its context was closed',
    cause: 'close() of the context resolved',
    stack: 'close',
  },
  'never-started': {
    words: 'posted to a port that has a listener but was never started',
    cause: 'a listener was added to the port, which was never started',
    stack: 'listen',
  },
  unreadable: {
    words: 'received as an error: its data could not be read (messageerror)',
    cause: 'the messageerror event',
    stack: 'end',
  },
};

export const messageLost: Rule = {
  id: 'message-lost',
  severity: 'error',
  title: 'A message was posted that nobody will ever handle',
  explain:
    "A message was posted to a port after it had been closed at either end, to a worker after terminate(), to a processor after its context was closed, or to a port that has a listener but was never started; or it arrived as a messageerror. postMessage() says nothing of it. A processor that listens by port.addEventListener('message', …) hears nothing until port.start() is called; setting port.onmessage starts the port by itself. What a processor or a worker posts home when its page no longer listens is left alone, and so is what a page says to a processor that has ended while it lets go of the node. A message counts as waiting for ever at a port that was not started after a second of further recording. Of posted calls the blocks that they took along and that nobody has freed are named, as in undelivered-at-shutdown.",
  help: 'Post before you close, terminate or let go, and wait for the answer first. With addEventListener call port.start(). Listen for messageerror where messages carry what another thread may not be able to read.',
  link: HTML,
  *find(scene) {
    for (const [channel, lost] of byChannel(scene.lost)) yield findingOf(scene, channel, lost);
  },
};

function byChannel(
  all: readonly LostMessages[],
): ReadonlyMap<ChannelFacts, readonly LostMessages[]> {
  const channels = new Map<ChannelFacts, LostMessages[]>();
  for (const lost of all) {
    if (lost.fate === 'undelivered') continue;
    const known = channels.get(lost.channel);
    if (known === undefined) channels.set(lost.channel, [lost]);
    else known.push(lost);
  }
  return channels;
}

function findingOf(
  scene: Scene,
  channel: ChannelFacts,
  lost: readonly LostMessages[],
): FindingDraft {
  const { document } = channel;
  const messages = lost.flatMap((each) => each.messages);
  const times = messages.map(({ sent, received }) => (sent ?? received)?.at ?? 0);
  const left = leftPayload(lost);
  const count = lost.reduce((sum, each) => sum + each.count, 0);
  const stacks: { [role: string]: string | undefined } = {
    create: channel.node?.createStack ?? channel.worker?.createStack ?? channel.createStack,
    post: messages.find(({ stack }) => stack !== '')?.stack,
    allocate: leftStack(left),
  };
  for (const { fate, causeStack } of lost) stacks[FATES[shown(fate)].stack] ??= causeStack;
  return {
    entity: channelEntity(channel),
    certainty: lost.every(({ proven }) => proven) ? 'proven' : 'likely',
    count,
    first: scene.time(document, Math.min(...times)),
    last: scene.time(document, Math.max(...times)),
    message: `${channelLabel(channel)}: ${lost.map(wordsOf).join('; ')}.${leftWords(left)}`,
    evidence: [
      ...leftEvidence(scene, document, left),
      ...lost.flatMap((each) => evidenceOf(scene, each)),
    ],
    stacks: stacksOf(stacks),
  };
}

function shown(fate: Fate): Exclude<Fate, 'undelivered'> {
  return fate === 'undelivered' ? 'own-end-closed' : fate;
}

function wordsOf({ fate, count, messages: [first] }: LostMessages): string {
  const preview = first === undefined || first.preview === '' ? '' : ` (${first.preview})`;
  const verb = count === 1 ? 'was' : 'were';
  return `${counted(count, 'message')}${preview} ${verb} ${FATES[shown(fate)].words}`;
}

function evidenceOf(scene: Scene, { channel, fate, cause, messages }: LostMessages) {
  const { document } = channel;
  const unreadable = fate === 'unreadable';
  const events = messages.slice(0, MAX_EVIDENCE).flatMap(({ sent, preview }) => {
    const what = `a message was posted${preview === '' ? '' : `: ${preview}`}`;
    return sent === undefined ? [] : [scene.evidence(document, sent, what)];
  });
  if (cause === undefined) return events;
  const event = scene.evidence(document, cause, FATES[shown(fate)].cause);
  return unreadable ? [...events, event] : [event, ...events];
}
