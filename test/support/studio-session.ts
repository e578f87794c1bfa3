import type { SessionInput } from '../../src/analysis/session-input.ts';
import { type TextOptions, textInputs } from './text-records.ts';

const QUANTUM_MICROS = (128 * 1e6) / 48_000;
const MS = 1000;

interface CallRun {
  readonly node: number;
  readonly from: number;
  readonly to: number;
  /** Of a call, in microseconds; every fourth call is timed. */
  readonly duration: number;
  readonly ending?: boolean;
}

/** Calls of one node, quantum after quantum, as lines of the text form. */
function calls({ node, from, to, duration, ending = false }: CallRun): readonly string[] {
  const lines: string[] = [];
  for (let i = Math.ceil(from / QUANTUM_MICROS); i * QUANTUM_MICROS < to; i++) {
    const at = i * QUANTUM_MICROS;
    const last = ending && (i + 1) * QUANTUM_MICROS >= to;
    const timed = i % 4 === 0 ? ` duration=${duration + ((i * 37) % 60)}` : '';
    lines.push(`${at} process node=${node}${timed}${last ? ' returned=false' : ''}`);
  }
  return lines;
}

function stack(...frames: readonly string[]): string {
  return frames.map((frame) => `    at ${frame}`).join('\\n');
}

const APP = 'https://studio.example/app';
const LIFE = `
  0        threadStarted   thread=0 kind=main name="main"
  120000   contextCreated  context=1 state=suspended stack="${stack(`new Studio (${APP}/studio.js:41:18)`, `boot (${APP}/main.js:12:3)`)}"
  121000   threadStarted   thread=1 kind=audio context=1 name="audio #1"
  130000   moduleRequested context=1 module=1 url="${APP}/worklets/tone-generator.js"
  180000   moduleSettled   module=1 outcome=resolved
  470000   contextCall     context=1 call=1 method=resume
  482000   contextState    context=1 state=running
  483000   contextSettled  context=1 call=1 method=resume outcome=resolved
  500000   nodeCreated     node=1 processorName="tone-generator" memory=wasm numberOfInputs=0 options="{callback: 31, userData: 5287936, samplesPerChannel: 128}" stack="${stack(`Voice.start (${APP}/voice.js:88:17)`, `Keyboard.onNoteOn (${APP}/keyboard.js:140:11)`, `HTMLDivElement.<anonymous> (${APP}/keyboard.js:22:30)`)}"
  501000   neighbourSeen   node=90 type="GainNode"
  501100   processorConstructed ordinal=0 name="tone-generator"
  502000   connected       source=1 target=90
  520000   nodeCreated     node=2 processorName="reverb" className="ReverbNode"
  521100   processorConstructed ordinal=1 name="reverb"
  521500   connected       source=90 target=2
  522000   neighbourSeen   node=91 type="AudioDestinationNode"
  522100   connected       source=2 target=91
  640000   nodeCreated     node=3 processorName="level-meter" numberOfOutputs=0
  641100   processorConstructed ordinal=2 name="level-meter"
  641500   connected       source=2 target=3
  1000000  nodeCreated     node=4 processorName="granular-player-with-a-name-longer-than-any-column" stack="${stack(`Sampler.load (${APP}/sampler.js:203:9)`)}"
  1001100  processorConstructed ordinal=3 name="granular-player-with-a-name-longer-than-any-column"
  1002000  connected       source=4 target=90
  1200000  nodeCreated     node=5 processorName="pulse"
  1201100  processorConstructed ordinal=4 name="pulse"
  1202000  connected       source=5 target=90
  2000000  disconnected    source=4 what=all stack="${stack(`Sampler.unload (${APP}/sampler.js:261:12)`)}"
  2200000  contextCreated  context=2 kind=offline length=48000
  2201000  threadStarted   thread=2 kind=audio context=2 name="audio #2"
  2210000  nodeCreated     node=6 context=2 processorName="bounce" stack="${stack(`renderTrack (${APP}/bounce.js:18:9)`)}"
  2215000  contextCall     context=2 call=2 method=startRendering
  2216000  contextState    context=2 state=running
  2380000  contextState    context=2 state=closed
  2380500  contextSettled  context=2 call=2 method=startRendering outcome=resolved
  2500000  send            main→3 "stop"
  2503000  receive         main→3 "stop"
  2503500  send            3→main "stopped"
  2506000  receive         3→main "stopped"
  2508000  disconnected    source=2 what=target target=3
  2800000  contextCreated  context=3 state=running stack="${stack(`Preview.open (${APP}/preview.js:9:16)`)}"
  2801000  threadStarted   thread=3 kind=audio context=3 name="audio #3"
  3190000  disconnected    source=1 what=all stack="${stack(`Voice.stop (${APP}/voice.js:131:10)`)}"
  3200000  declaredDestroyed node=1 stack="${stack(`Voice.dispose (${APP}/voice.js:137:5)`, `Keyboard.onNoteOff (${APP}/keyboard.js:163:13)`, 'native code')}"
  3390000  contextCall     context=3 call=3 method=close
  3400000  contextState    context=3 state=closed
  3401000  contextSettled  context=3 call=3 method=close outcome=resolved
  3600000  nodeCollected   node=3
  3610000  processorCollected ordinal=2
  3650000  nodeRefused     context=3 processorName="preview" reason="InvalidStateError: the context is closed" stack="${stack(`Preview.play (${APP}/preview.js:31:20)`)}"
  4101000  processorFailed ordinal=4 frame=196800 reason="TypeError: Cannot read properties of undefined (reading 'length')" stack="${stack(`PulseProcessor.process (${APP}/worklets/pulse.js:57:31)`)}"
  4104000  processorErrorEvent node=5 reason="TypeError: Cannot read properties of undefined (reading 'length')"
  4600000  contextCall     context=1 call=4 method=suspend
  4606000  contextState    context=1 state=suspended
  4606500  contextSettled  context=1 call=4 method=suspend outcome=resolved
  5000000  contextCall     context=1 call=5 method=resume
  5008000  contextState    context=1 state=running
  5008500  contextSettled  context=1 call=5 method=resume outcome=resolved
  5400000  lost            thread=1 count=1840 why=ring-full
`;

const METER_POSTS = Array.from({ length: 36 }, (_, i) => {
  const at = 700_000 + i * 50 * MS;
  return [
    `${at} send 3→main "{peak: ${(0.3 + ((i * 7) % 10) / 20).toFixed(2)}}"`,
    `${at + 2100} receive 3→main "{peak}"`,
  ];
}).flat();

const RUNS: readonly CallRun[] = [
  { node: 1, from: 505 * MS, to: 4606 * MS, duration: 240 },
  { node: 1, from: 5008 * MS, to: 5200 * MS, duration: 240 },
  { node: 1, from: 5400 * MS, to: 6000 * MS, duration: 240 },
  { node: 2, from: 525 * MS, to: 4606 * MS, duration: 810 },
  { node: 2, from: 5008 * MS, to: 5200 * MS, duration: 810 },
  { node: 2, from: 5400 * MS, to: 6000 * MS, duration: 2900 },
  { node: 3, from: 645 * MS, to: 2504 * MS, duration: 60, ending: true },
  { node: 4, from: 1005 * MS, to: 4606 * MS, duration: 420 },
  { node: 4, from: 5008 * MS, to: 5200 * MS, duration: 420 },
  { node: 4, from: 5400 * MS, to: 6000 * MS, duration: 420 },
  { node: 5, from: 1205 * MS, to: 4100 * MS, duration: 130 },
];

const BOUNCE = Array.from(
  { length: 375 },
  (_, i) =>
    `${2_216_000 + i * 430} process node=6 frame=${i * 128} duration=300${i === 374 ? ' returned=false' : ''}`,
);

/** Six seconds of a page with everything in it that the panel can draw, through the real writers. */
export function studioSession(options: TextOptions = {}): readonly SessionInput[] {
  const lines = [...LIFE.trim().split('\n'), ...RUNS.flatMap(calls), ...METER_POSTS, ...BOUNCE].map(
    (line) => line.trim(),
  );
  const inOrder = lines
    .map((line) => ({ line, at: Number.parseFloat(line) }))
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line);
  return textInputs(inOrder.join('\n'), { url: `${APP}/index.html?project=demo`, ...options });
}
