import type { SessionInput } from '../../src/analysis/session-input.ts';
import { type TextOptions, textInputs } from './text-records.ts';

const APP = 'https://studio.example/app';
const QUANTUM_MICROS = (128 * 1e6) / 48_000;

function calls(node: number, from: number, to: number, ending = false): readonly string[] {
  const lines: string[] = [];
  for (let i = Math.ceil(from / QUANTUM_MICROS); i * QUANTUM_MICROS < to; i++) {
    const last = ending && (i + 1) * QUANTUM_MICROS >= to;
    const timed = i % 4 === 0 ? ` duration=${180 + ((i * 37) % 60)}` : '';
    lines.push(
      `${i * QUANTUM_MICROS} process node=${node}${timed}${last ? ' returned=false' : ''}`,
    );
  }
  return lines;
}

function stack(...frames: readonly string[]): string {
  return frames.map((frame) => `    at ${frame}`).join('\\n');
}

/** Node 1 is torn down by an answered message, node 2 by a flag alone, node 3 by a semaphore. */
const LIFE = `
  0        threadStarted   thread=0 kind=main name="main"
  90000    contextCreated  context=1 state=running stack="${stack(`new Studio (${APP}/studio.js:41:18)`)}"
  91000    threadStarted   thread=1 kind=audio context=1 name="audio rendering thread of context 1"
  100000   moduleRequested context=1 module=1 url="${APP}/worklets/voices.js"
  120000   moduleSettled   module=1 outcome=resolved
  130000   workerCreated   worker=1 url="${APP}/decoder.js" name="" type=module entered=yes stack="${stack(`startDecoder (${APP}/studio.js:77:14)`)}"
  152000   @w1 scopeState  state=started url="${APP}/decoder.js"
  171000   @w1 scopeState  state=evaluated
  180000   workerCreated   worker=2 url="${APP}/meters.js" name="meters" entered=forbidden
  200000   memorySeen      memory=1 kind=shared bytes=65536
  201000   cellSeen        cell=1 memory=1 offset=0 width=4
  201500   cellSeen        cell=2 memory=1 offset=4 width=4
  210000   nodeCreated     node=1 processorName="voice" memory=shared stack="${stack(`Voice.start (${APP}/voice.js:88:17)`)}"
  210500   passed          end=2 message=0 what=memory local=1
  211000   @audio arrived  end=2 message=0 what=memory local=1
  211100   processorConstructed ordinal=0 name="voice"
  212000   nodeCreated     node=2 processorName="granular" memory=shared stack="${stack(`Grains.start (${APP}/grains.js:31:17)`)}"
  212500   passed          end=4 message=0 what=memory local=1
  213000   @audio arrived  end=4 message=0 what=memory local=1
  213100   processorConstructed ordinal=1 name="granular"
  214000   nodeCreated     node=3 processorName="reverb" memory=shared
  214500   passed          end=6 message=0 what=memory local=1
  215000   @audio arrived  end=6 message=0 what=memory local=1
  215100   processorConstructed ordinal=2 name="reverb"
  216000   @audio cellSeen cell=1 memory=1 offset=0 width=4
  216100   @audio cellSeen cell=2 memory=1 offset=4 width=4
  220000   channelCreated  first=5 second=7
  221000   passed          end=103 message=1 what=memory local=1
  221000   passed          end=103 message=1 what=port local=7
  221000   portSent        end=103 preview="{load: 'piano.wav', port}" stack="${stack(`startDecoder (${APP}/studio.js:80:5)`)}"
  226000   @w1 arrived     end=1 message=1 what=memory local=1
  226000   @w1 arrived     end=1 message=1 what=port local=3
  226000   @w1 portReceived end=1
  226100   @w1 cellSeen    cell=1 memory=1 offset=0 width=4
  280000   @w1 atomic store cell=1 value=1
  300000   @w1 portSent    end=3 preview="{decoded: 0.25}"
  303000   portReceived    end=5
  420000   @w1 portSent    end=3 preview="{decoded: 0.5}"
  447000   portReceived    end=5
  500000   @w1 portSent    end=1 preview="{done: 'piano.wav'}"
  502000   portReceived    end=103
  520000   portSent        end=103 preview="{load: 'strings.wav'}"
  524000   @w1 portReceived end=1
  530000   @w1 atomic waitBegin cell=1 value=1
  700000   @audio atomic load cell=1 value=1
  700000   @audio atomic notify cell=1 value=1
  701000   @w1 atomic waitOk cell=1 value=1
  760000   @w1 atomic store cell=1 value=2
  800000   send            main→1 "stop"
  803000   receive         main→1 "stop"
  803500   send            1→main "stopped"
  808000   receive         1→main "stopped"
  809000   disconnected    source=1 what=all stack="${stack(`Voice.stop (${APP}/voice.js:131:10)`)}"
  810000   declaredDestroyed node=1 stack="${stack(`Voice.dispose (${APP}/voice.js:137:5)`)}"
  900000   send            main→2 "stop"
  906000   receive         main→2 "stop"
  909000   disconnected    source=2 what=all
  912000   declaredDestroyed node=2 stack="${stack(`Grains.dispose (${APP}/grains.js:64:5)`)}"
  950000   portSent        end=103 preview="{load: 'choir.wav'}"
  952000   workerEnded     worker=1 how=terminated stack="${stack(`Studio.close (${APP}/studio.js:120:19)`)}"
  1100000  mark            text="end"
`;

/** A second of a page with workers, and with nodes that are torn down rightly and wrongly. */
export function teardownSession(options: TextOptions = {}): readonly SessionInput[] {
  const lines = [
    ...LIFE.trim().split('\n'),
    ...calls(1, 212_000, 806_000, true),
    ...calls(2, 214_000, 906_000, true),
    ...calls(3, 216_000, 1_100_000),
  ].map((line) => line.trim());
  const inOrder = lines
    .map((line) => ({ line, at: Number.parseFloat(line) }))
    .sort((a, b) => a.at - b.at)
    .map(({ line }) => line);
  return textInputs(inOrder.join('\n'), { url: `${APP}/index.html`, ...options });
}
