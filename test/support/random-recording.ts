import type { SessionInput } from '../../src/analysis/session-input.ts';
import { RecordWriter } from '../../src/shared/record-codec.ts';
import type { FieldsOf, RecordName } from '../../src/shared/records.ts';
import { randomChannels } from './random-channels.ts';
import { Seeded } from './seeded.ts';
import { SlotWriter } from './slot-writer.ts';

/**
 * A page that does everything at random, recorded as its threads would: one stream a thread and form,
 * first in, first out each. `cut` turns the same recording into chunks of any size in any order of
 * threads.
 */
export interface RandomRecording {
  readonly streams: readonly Stream[];
  readonly isolated: boolean;
}

interface Stream {
  readonly thread: number;
  readonly form: 'records' | 'slots';
  readonly items: ((records: RecordWriter, slots: SlotWriter) => void)[];
}

const RATE = 48_000;
const QUANTUM = 128;
const DOCUMENT = 'random';

interface Voice {
  readonly node: number;
  readonly ordinal: number;
  readonly context: number;
  gone: boolean;
  sent: number;
  posted: number;
  answered: number;
}

export function randomRecording(seed: number): RandomRecording {
  const random = new Seeded(seed);
  const isolated = random.chance(0.7);
  const streams: Stream[] = [];
  const streamOf = (thread: number, form: Stream['form']): Stream => {
    const known = streams.find((each) => each.thread === thread && each.form === form);
    if (known !== undefined) return known;
    const made: Stream = { thread, form, items: [] };
    streams.push(made);
    return made;
  };
  let seq = 0;
  let at = 0;
  let nodes = 0;
  let calls = 0;
  const contexts: { readonly id: number; running: boolean; frame: number; ordinals: number }[] = [];
  const voices: Voice[] = [];
  const next = () => ++seq;
  const write = <N extends RecordName>(name: N, fields: FieldsOf<N>, thread = 0) => {
    const place = next();
    const time = at;
    streamOf(thread, 'records').items.push((records) => records.write(name, place, time, fields));
  };
  const slot = (thread: number, put: (slots: SlotWriter) => void) => {
    streamOf(thread, 'slots').items.push((_, slots) => put(slots));
  };

  const acts: readonly (() => void)[] = [
    function makeContext() {
      if (contexts.length >= 3) return;
      const id = contexts.length + 1;
      contexts.push({ id, running: true, frame: 0, ordinals: 0 });
      const kind = random.chance(0.3) ? 'offline' : 'realtime';
      const fields = { context: id, kind, state: 'running', sampleRate: RATE, length: 0 };
      write('contextCreated', { ...fields, quantumFrames: QUANTUM, stack: 'at a' } as never);
      const thread = { thread: id, kind: 'audio', context: id, name: `audio #${id}` };
      write('threadStarted', thread as never, random.chance(0.5) ? id : 0);
    },
    function makeNode() {
      const context = contexts.length > 0 ? random.pick(contexts) : undefined;
      if (context === undefined || voices.length >= 12) return;
      const node = ++nodes;
      const ordinal = context.ordinals++;
      const voice = { node, ordinal, context: context.id, gone: false };
      voices.push({ ...voice, sent: 0, posted: 0, answered: 0 });
      write('nodeCreated', {
        context: context.id,
        node,
        ordinal,
        processorName: random.pick(['noise', 'meter', 'em-thing']),
        className: 'AudioWorkletNode',
        numberOfInputs: 1,
        numberOfOutputs: random.below(2),
        emscripten: random.pick(['no', 'no', 'node', 'bootstrap']),
        userData: 0,
        callback: 0,
        memory: random.pick(['none', 'wasm']),
        options: '{}',
        frame: context.frame,
        stack: 'at b',
      } as never);
      const outcome = random.chance(0.9) ? 'resolved' : 'rejected';
      const constructed = { ordinal, name: 'noise', outcome, reason: '', stack: '' };
      write('processorConstructed', constructed as never, context.id);
    },
    function wire() {
      const voice = anyVoice();
      if (voice === undefined) return;
      const peer = random.chance(0.5) ? (anyVoice()?.node ?? 1) : 900 + random.below(3);
      const [source, target] = random.chance(0.7) ? [voice.node, peer] : [peer, voice.node];
      const ends = { source, target, param: random.pick(['', 'gain']), output: 0, input: 0 };
      if (random.chance(0.6)) write('connected', { ...ends, frame: frameOf(voice) } as never);
      else {
        const what = random.pick(['all', 'target', 'output']);
        const stack = random.pick(['', 'at emscripten_destroy_web_audio_node (a.js:1:1)']);
        write('disconnected', { ...ends, what, frame: frameOf(voice), stack } as never);
      }
    },
    function part() {
      const voice = anyVoice();
      if (voice === undefined) return;
      const { node } = voice;
      const frame = frameOf(voice);
      const stack = 'at c';
      const way = random.pick(['port', 'declared', 'collected', 'processor', 'none', 'none']);
      if (way === 'port') write('portClosed', { node, by: 'node', frame, stack } as never);
      if (way === 'declared') write('declaredDestroyed', { node, frame, stack } as never);
      if (way === 'collected') write('nodeCollected', { node } as never);
      if (way === 'processor') {
        const by = { node: voice.ordinal + 1, by: 'processor', frame, stack };
        write('portClosed', by as never, voice.context);
      }
    },
    function talk() {
      const voice = anyVoice();
      if (voice === undefined) return;
      const { node, ordinal } = voice;
      const index = voice.sent++;
      const words = { node, from: 'node', index, bytes: 4, preview: '"hi"' };
      write('messageSent', { ...words, stack: '' } as never);
      const place = next();
      const frame = frameOf(voice);
      slot(voice.context, (slots) => slots.received(ordinal, place, frame, index));
      if (voice.answered < voice.posted) {
        const reply = { node, from: 'processor', index: voice.answered++, failed: false };
        write('messageReceived', { ...reply, bytes: 2, preview: '1' } as never);
      }
    },
    function switchState() {
      const context = contexts.length > 0 ? random.pick(contexts) : undefined;
      if (context === undefined) return;
      const call = ++calls;
      const method = random.pick(['suspend', 'resume', 'resume', 'close'] as const);
      if (method === 'close' && random.chance(0.8)) return;
      const common = { context: context.id, call, method, frame: context.frame };
      write('contextCall', { ...common, stack: '' } as never);
      context.running = method === 'resume';
      const state = { suspend: 'suspended', resume: 'running', close: 'closed' }[method];
      write('contextState', { context: context.id, state, frame: context.frame } as never);
      write('contextSettled', { ...common, outcome: 'resolved', reason: '' } as never);
    },
    function lose() {
      if (random.chance(0.9) || contexts.length === 0) return;
      const { id, frame } = random.pick(contexts);
      const place = next();
      if (random.chance(0.5)) slot(id, (slots) => slots.lost(place, frame, 3));
      else write('lost', { thread: id, count: 2, why: 'paused' } as never);
    },
    ...randomChannels({
      random,
      now: () => at,
      next,
      write: (name, fields, thread) => write(name as RecordName, fields as never, thread),
      slot,
    }),
    function render() {
      for (const context of contexts) if (context.running) renderQuanta(context, random.below(60));
    },
  ];

  function anyVoice(): Voice | undefined {
    return voices.length > 0 ? random.pick(voices) : undefined;
  }

  function frameOf(voice: Voice): number {
    return contexts[voice.context - 1]?.frame ?? 0;
  }

  function renderQuanta(context: (typeof contexts)[number], quanta: number): void {
    const { id } = context;
    const time = at;
    const begin = context.frame;
    slot(id, (slots) => slots.clock(begin, time));
    for (let i = 0; i < quanta; i++) {
      const { frame } = context;
      for (const voice of voices) {
        if (voice.context !== id || voice.gone) continue;
        const { ordinal } = voice;
        const enter = next();
        if (random.chance(0.3)) {
          const place = next();
          const index = voice.posted++;
          slot(id, (slots) => slots.sent(ordinal, place, frame, index));
        }
        if (random.chance(0.02)) write('mark', { text: 'lifeline:here' } as never);
        const exit = next();
        const returned = random.chance(0.97) ? 'true' : 'false';
        const durationMicros = random.chance(0.1) ? random.below(4000) : undefined;
        voice.gone = returned === 'false' && random.chance(0.3);
        const call = { ordinal, enter, exit, frame, returned, durationMicros } as const;
        slot(id, (slots) => slots.process(call));
      }
      context.frame += QUANTUM;
    }
    at += Math.floor((quanta * QUANTUM * 1e6) / RATE);
  }

  for (let i = 0; i < 400; i++) {
    at += random.below(5000);
    random.pick(acts)();
  }
  return { streams, isolated };
}

/** The same recording as chunks: `seed` decides where they are cut and how threads take turns. */
export function cut({ streams, isolated }: RandomRecording, seed: number): SessionInput[] {
  const random = new Seeded(seed);
  const origin = { document: DOCUMENT, frameId: 0, parentFrameId: -1, url: 'https://a.test/' };
  const inputs: SessionInput[] = [{ kind: 'document', origin, timeOrigin: 1.7e15, isolated }];
  const rest = streams.map(({ thread, form, items }) => ({ thread, form, items, from: 0 }));
  const longest = 1 + random.below(400);
  for (let number = 1; ; number++) {
    const open = rest.filter(({ items, from }) => from < items.length);
    if (open.length === 0) return inputs;
    const stream = random.pick(open);
    const records = new RecordWriter();
    const slots = new SlotWriter();
    const to = stream.from + 1 + random.below(longest);
    for (const item of stream.items.slice(stream.from, to)) item(records, slots);
    stream.from = to;
    const { thread, form } = stream;
    const bytes = form === 'records' ? records.take() : slots.take();
    inputs.push({ kind: 'chunk', document: DOCUMENT, chunk: { number, thread, form, bytes } });
  }
}
