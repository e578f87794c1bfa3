import type { Finding } from '../../src/analysis/finding.ts';
import { judge } from '../../src/analysis/judge.ts';
import { isWrite } from '../../src/analysis/ordering/atomic-store.ts';
import { Session } from '../../src/analysis/session.ts';
import type { SessionInput } from '../../src/analysis/session-input.ts';
import type { Thresholds } from '../../src/analysis/thresholds.ts';
import * as LIMITS from '../../src/shared/limits.ts';
import { RecordWriter } from '../../src/shared/record-codec.ts';
import { type FieldType, RECORDS, type RecordName } from '../../src/shared/records.ts';
import { ATOMIC, DURATION_UNIT_MICROS } from '../../src/shared/slots.ts';
import { SlotWriter } from './slot-writer.ts';

/**
 * Test input that a reader can check: one record a line, encoded by the real writers, so that tests
 * enter by the real door.
 *
 *   0      nodeCreated   node=7
 *   2667   process       node=7 seq=4..5 returned=false
 *   3000   process       node=7 times=400 duration=120
 *   3000   send          main→7 "stop"
 *   5333   receive       main→7 "stop"
 *   9000   disconnected  source=7 stack="emscripten_destroy_web_audio_node"
 *
 * The first word is microseconds; left out, it is that of the line before. Unless the text makes its own,
 * context 1 (48 kHz, running since 0) with audio rendering thread 1 is there. A field that is not given has
 * its most ordinary value; `frame` follows from the time, numbers of the shared counter go up line by line.
 * `times` repeats a call once a quantum, `sends` posts that many messages from inside it.
 *
 * `@` names the thread that says it: `@main`, `@audio` (thread 1), `@audio2` (thread 2), `@w1` (the thread
 * of worker 1 of the page: 101; with `workerCreated` it is announced, unless the text does so itself):
 *
 *   0      workerCreated   worker=1              its end of the channel is 103, that of worker 2 is 105
 *   50     @w1 scopeState  state=started
 *   100    channelCreated  first=1 second=3
 *   110    passed          end=103 what=port local=3     with the next message of this end: message=…
 *   110    portSent        end=103 preview="take it"     index=… counts by itself
 *   200    @w1 arrived     end=1 what=port local=3
 *   200    @w1 portReceived end=1
 *   210    @w1 portSent    end=3 slot                    as a slot, without a preview
 *   300    nodeCreated     node=7
 *   300    passed          end=14 message=0 what=memory local=1     with the options of node 7
 *   310    @audio arrived  end=2 message=0 what=memory local=1      ordinal 0
 *   320    memorySeen      memory=1 bytes=64
 *   320    cellSeen        cell=1 memory=1 offset=0 width=4
 *   330    atomic store cell=1 value=5           `value` is what is written, or read where nothing is
 *   340    @audio atomic load cell=1 value=5     (cellSeen of @audio before it)
 *   350    @audio atomic readModifyWrite cell=1 read=5 value=6
 *   360    atomic notify cell=1 value=1          how many were woken
 *   370    atomic loads cell=1 value=6 count=9 seq=40..60
 *
 * The kinds are those of `ATOMIC`. `seq` of an atomic operation is the places before and after it.
 */
export interface TextOptions {
  readonly isolated?: boolean;
  readonly document?: string;
  readonly frameId?: number;
  readonly parentFrameId?: number;
  readonly timeOrigin?: number;
  readonly url?: string;
}

const RATE = 48_000;
const QUANTUM = 128;
const QUANTUM_MICROS = (QUANTUM * 1e6) / RATE;

export function textInputs(text: string, options: TextOptions = {}): readonly SessionInput[] {
  const { isolated = true, document = 'doc', frameId = 0, parentFrameId = -1 } = options;
  const { timeOrigin = 1.7e15, url = 'https://example.test/' } = options;
  const out = new LineEncoder(document, !/\bworkerThread\b/.test(text));
  if (!/\bcontextCreated\b/.test(text)) {
    out.line('0 contextCreated context=1 state=running');
    out.line('0 threadStarted thread=1 kind=audio context=1 name="audio #1"');
  }
  for (const line of text.split('\n')) if (line.trim() !== '') out.line(line.trim());
  const origin = { document, frameId, parentFrameId, url };
  return [{ kind: 'document', origin, timeOrigin, isolated }, ...out.take()];
}

export function sessionOf(text: string, options?: TextOptions): Session {
  return sessionOfInputs(textInputs(text, options));
}

export function sessionOfInputs(inputs: Iterable<SessionInput>): Session {
  const session = new Session();
  for (const input of inputs) {
    const taken = session.ingest(input);
    if (!taken.ok) throw new Error(taken.error);
  }
  return session;
}

/** One line a finding: `process-after-destroy error proven 0/n7 ×3`. */
export function findings(
  text: string,
  options?: TextOptions & { readonly thresholds?: Partial<Thresholds> },
): readonly string[] {
  return judge(sessionOf(text, options), options?.thresholds).map(lineOf);
}

export function lineOf({ rule, severity, certainty, entity, count }: Finding): string {
  return `${rule} ${severity} ${certainty} ${entity.id} ×${count}`;
}

interface Words {
  /** Undefined: as the line before. */
  readonly at: number | undefined;
  readonly thread: number | undefined;
  readonly name: string;
  readonly fields: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

const WORKER_THREADS = 100;

function wordsOf(line: string): Words {
  const words = [...line.matchAll(/([\w-]+)="([^"]*)"|"([^"]*)"|(\S+)/g)];
  const at = /^[\d.]+$/.test(words[0]?.[0] ?? '') ? Number(words.shift()?.[0]) : undefined;
  const thread = words[0]?.[0].startsWith('@') ? threadOf(words.shift()?.[0] ?? '') : undefined;
  const name = words.shift()?.[0];
  const fields = new Map<string, string>();
  const loose: string[] = [];
  for (const [all, key, quoted, text] of words) {
    const equals = all.indexOf('=');
    if (key !== undefined) fields.set(key, (quoted ?? '').replaceAll('\\n', '\n'));
    else if (text !== undefined) loose.push(text);
    else if (equals > 0) fields.set(all.slice(0, equals), all.slice(equals + 1));
    else loose.push(all);
  }
  if (name === undefined) throw new Error(`not a record: ${line}`);
  return { at, thread, name, fields, rest: loose };
}

function threadOf(word: string): number {
  const [, kind, number] = /^@(main|audio|w)(\d*)$/.exec(word) ?? [];
  if (kind === undefined) throw new Error(`no thread ${word}`);
  if (kind === 'main') return 0;
  return kind === 'audio' ? Number(number || 1) : WORKER_THREADS + Number(number);
}

type Line = Words & { readonly at: number };
type Stream = { readonly thread: number; readonly form: 'records' | 'slots' };

class LineEncoder {
  readonly #document: string;
  readonly #inputs: SessionInput[] = [];
  readonly #ordinals = new Map<string, { readonly ordinal: number; readonly thread: number }>();
  readonly #ordinalCounts = new Map<string, number>();
  readonly #messageCounts = new Map<string, number>();
  readonly #records = new RecordWriter();
  readonly #slots = new SlotWriter();
  #stream: Stream = { thread: 0, form: 'records' };
  #seq = 0;
  #at = 0;
  #number = 0;
  readonly #announcesWorkers: boolean;

  constructor(document: string, announcesWorkers: boolean) {
    this.#document = document;
    this.#announcesWorkers = announcesWorkers;
  }

  take(): readonly SessionInput[] {
    this.#cut();
    return this.#inputs;
  }

  line(line: string): void {
    const said = wordsOf(line);
    const words = { ...said, at: said.at ?? this.#at };
    this.#at = words.at;
    switch (words.name) {
      case 'process':
        this.#process(words);
        return;
      case 'send':
      case 'receive':
        this.#message(words);
        return;
      case 'atomic':
        this.#atomic(words);
        return;
      case 'gone':
        this.#cut();
        this.#inputs.push({ kind: 'gone', document: this.#document });
        return;
      case 'forgotten':
        this.#cut();
        this.#number++;
        this.#inputs.push({
          kind: 'forgotten',
          document: this.#document,
          number: this.#number + 1,
          bytes: 1024,
        });
        return;
      default:
        this.#record(words);
        return;
    }
  }

  /** Chunks are cut where the text goes from one thread to another. */
  #switchTo(thread: number, form: Stream['form']): void {
    if (this.#stream.thread === thread && this.#stream.form === form) return;
    this.#cut();
    this.#stream = { thread, form };
  }

  #cut(): void {
    const { thread, form } = this.#stream;
    const empty = form === 'records' ? this.#records.count === 0 : this.#slots.slots === 0;
    if (empty) return;
    const bytes = form === 'records' ? this.#records.take() : this.#slots.take();
    const chunk = { number: ++this.#number, thread, form, bytes };
    this.#inputs.push({ kind: 'chunk', document: this.#document, chunk });
  }

  #next(given: string | undefined): number {
    const seq = given === undefined ? this.#seq + 1 : Number(given);
    this.#seq = Math.max(this.#seq, seq);
    return seq;
  }

  #record({ at, thread: given, name, fields, rest }: Line): void {
    if (!(name in RECORDS)) throw new Error(`no record ${name}`);
    const recordName = name as RecordName;
    const thread = given ?? Number(fields.get('by-thread') ?? (AUDIO_RECORDS.has(name) ? 1 : 0));
    const seq = this.#next(fields.get('seq'));
    if (rest.includes('slot')) {
      this.#portSlot(name, thread, seq, at, fields);
      return;
    }
    const values: { [field: string]: unknown } = {};
    for (const [field, type] of Object.entries(RECORDS[recordName].fields)) {
      const given = fields.get(field);
      values[field] =
        given === undefined
          ? this.#ordinary(name, field, type, at, fields, thread)
          : parse(type, given);
    }
    for (const field of fields.keys()) {
      if (field in values || field === 'seq' || field === 'by-thread') continue;
      throw new Error(`${name} has no field ${field}`);
    }
    if (name === 'nodeCreated') this.#madeNode(values);
    this.#switchTo(thread, 'records');
    if (this.#records.byteLength > LIMITS.chunkBytes / 2) this.#cut();
    this.#records.write(recordName, seq, at, values as never);
    if (name === 'workerCreated' && this.#announcesWorkers && values['entered'] === 'yes') {
      const own = WORKER_THREADS + Number(values['worker']);
      this.line(`${at} threadStarted thread=${own} kind=worker context=0 name="worker #${own}"`);
      this.line(`${at} workerThread thread=${own} parent=${thread} worker=${values['worker']}`);
    }
  }

  #portSlot(
    name: string,
    thread: number,
    seq: number,
    at: number,
    fields: ReadonlyMap<string, string>,
  ): void {
    if (name !== 'portSent' && name !== 'portReceived') throw new Error(`${name} is no slot`);
    const end = Number(fields.get('end'));
    const index = Number(fields.get('index') ?? this.#count(`${name} ${thread} ${end}`));
    this.#switchTo(thread, 'slots');
    this.#slots.port(name, end, seq, timeOf(thread, at), index);
  }

  #atomic({ at, thread = 0, fields, rest: [kind = ''] }: Line): void {
    if (!(kind in ATOMIC)) throw new Error(`no atomic operation ${kind}`);
    const code = ATOMIC[kind as keyof typeof ATOMIC];
    const [given, givenAfter] = fields.get('seq')?.split('..') ?? [];
    const before = this.#next(given);
    const after = this.#next(givenAfter);
    const value = Number(fields.get('value') ?? 0);
    const puts = isWrite(code) || code === ATOMIC.notify;
    this.#switchTo(thread, 'slots');
    this.#slots.atomic(Number(fields.get('cell') ?? 1), code, {
      before,
      after,
      time: timeOf(thread, at),
      read: Number(fields.get('read') ?? (puts ? 0 : value)),
      written: Number(fields.get('written') ?? (puts ? value : 0)),
      count: Number(fields.get('count') ?? 1),
    });
  }

  #ordinary(
    record: string,
    field: string,
    type: FieldType,
    at: number,
    given: ReadonlyMap<string, string>,
    thread: number,
  ): unknown {
    const end = given.get('end');
    if (record === 'workerCreated' && field === 'end') return 101 + 2 * Number(given.get('worker'));
    if (field === 'index' && (record === 'portSent' || record === 'portReceived')) {
      return this.#count(`${record} ${thread} ${end}`);
    }
    if (field === 'message' && (record === 'passed' || record === 'arrived')) {
      const way = record === 'passed' ? 'portSent' : 'portReceived';
      return (this.#messageCounts.get(`${way} ${thread} ${end}`) ?? 0) + 1;
    }
    const own = ORDINARY[`${record}.${field}`] ?? ORDINARY[field];
    if (own !== undefined) return parse(type, own);
    if (record === 'nodeCreated' && field === 'ordinal') {
      return this.#ordinalCounts.get(given.get('context') ?? '1') ?? 0;
    }
    if (type === 'frames') return frameAt(at);
    if (type === 'text' || type === 'stack') return '';
    if (type === 'flag') return false;
    return typeof type === 'string' ? 0 : type[0];
  }

  #madeNode(values: { readonly [field: string]: unknown }): void {
    const context = String(values['context']);
    const ordinal = Number(values['ordinal']);
    this.#ordinalCounts.set(context, ordinal + 1);
    this.#ordinals.set(String(values['node']), { ordinal, thread: Number(context) });
  }

  #placeOf(node: string): { readonly ordinal: number; readonly thread: number } {
    const place = this.#ordinals.get(node);
    if (place === undefined) throw new Error(`no node ${node}`);
    return place;
  }

  #process({ at, fields }: Line): void {
    const { ordinal, thread } = this.#placeOf(fields.get('node') ?? '');
    this.#switchTo(thread, 'slots');
    const times = Number(fields.get('times') ?? 1);
    const duration = fields.get('duration');
    const sends = Number(fields.get('sends') ?? 0);
    const first = Number(fields.get('frame') ?? frameAt(at));
    this.#slots.clock(first, at);
    for (let i = 0; i < times; i++) {
      const [given, givenExit] = fields.get('seq')?.split('..') ?? [];
      const enter = this.#next(given);
      const frame = first + i * QUANTUM;
      for (let j = 0; j < sends; j++) {
        this.#slots.sent(ordinal, this.#next(undefined), frame, this.#count(`${ordinal}→main`));
      }
      const exit = this.#next(givenExit);
      const returned = (fields.get('returned') ?? 'true') as 'true' | 'false' | 'threw';
      const durationMicros = duration === undefined ? undefined : Number(duration);
      this.#slots.process({ ordinal, enter, exit, frame, returned, durationMicros });
      if (times > 1 && i === times - 1) this.#slots.clock(frame, at + i * QUANTUM_MICROS);
    }
  }

  #message({ at, name, fields, rest }: Line): void {
    const [way = '', text = ''] = rest;
    const [from = '', to = ''] = way.split('→');
    const node = from === 'main' ? to : from;
    const { ordinal, thread } = this.#placeOf(node);
    const index = this.#count(`${name} ${way}`);
    const seq = this.#next(fields.get('seq'));
    const onMain = (name === 'send') === (from === 'main');
    if (!onMain) {
      this.#switchTo(thread, 'slots');
      const frame = frameAt(at);
      if (name === 'send') this.#slots.sent(ordinal, seq, frame, index);
      else this.#slots.received(ordinal, seq, frame, index);
      return;
    }
    this.#switchTo(0, 'records');
    if (this.#records.byteLength > LIMITS.chunkBytes / 2) this.#cut();
    const sender = from === 'main' ? 'node' : 'processor';
    const common = { node: Number(node), from: sender, index, bytes: text.length, preview: text };
    if (name === 'send') {
      this.#records.write('messageSent', seq, at, { ...common, stack: '' } as never);
    } else {
      this.#records.write('messageReceived', seq, at, { ...common, failed: false } as never);
    }
  }

  #count(key: string): number {
    const count = this.#messageCounts.get(key) ?? 0;
    this.#messageCounts.set(key, count + 1);
    return count;
  }
}

const AUDIO_RECORDS: ReadonlySet<string> = new Set([
  'processorRegistered',
  'processorConstructed',
  'processorFailed',
  'processorCollected',
  'clock',
]);

const ORDINARY: { readonly [field: string]: string } = {
  context: '1',
  sampleRate: String(RATE),
  quantumFrames: String(QUANTUM),
  'contextCreated.length': '0',
  'contextCreated.state': 'suspended',
  processorName: 'noise',
  className: 'AudioWorkletNode',
  numberOfInputs: '1',
  numberOfOutputs: '1',
  'nodeRefused.contextState': 'closed',
  'cellSeen.width': '4',
  'workerCreated.url': 'https://example.test/worker.js',
};

function frameAt(at: number): number {
  return Math.round(at / QUANTUM_MICROS) * QUANTUM;
}

/** As the slots of a thread count: frames, or ticks outside audio rendering threads. */
function timeOf(thread: number, at: number): number {
  const isAudio = thread > 0 && thread < WORKER_THREADS;
  return isAudio ? frameAt(at) : Math.floor(at / DURATION_UNIT_MICROS);
}

function parse(type: FieldType, text: string): unknown {
  if (typeof type !== 'string') {
    if (!type.includes(text)) throw new Error(`${text} is none of ${type.join(', ')}`);
    return text;
  }
  if (type === 'text' || type === 'stack') return text;
  if (type === 'flag') return text === 'true';
  return Number(text);
}
