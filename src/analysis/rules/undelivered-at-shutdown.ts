import { openRequests } from '../exchanges.ts';
import { channelLabel } from '../labels.ts';
import { leftEvidence, leftPayload, leftStack, leftWords } from '../left-payload.ts';
import type { LostMessages } from '../lost-messages.ts';
import { channelEntity, counted, type Scene, stacksOf } from '../scene.ts';
import type { FindingDraft, Rule } from './rule.ts';

const MAX_EVIDENCE = 6;
const MAX_NAMED = 4;

export const undeliveredAtShutdown: Rule = {
  id: 'undelivered-at-shutdown',
  severity: 'warning',
  title: 'A thread ended with messages unhandled',
  explain:
    'Messages were posted to a worker or a processor in time, and it ended before it had handled them: terminate(), its own close(), a script that did not load, or a closed context. Whoever waits for an answer waits for ever, and what a message was to hand over stays where it is: of calls that are posted in the way of Emscripten’s Wasm Workers the finding names the heap blocks whose addresses they took along and that nobody has freed (Memory: heap hooks; of a flood only some messages are looked into). Left alone: what a thread that ends has itself sent home, what a page tells a processor in parting (a stop message just before it closes the context, or lets go of the node), and whatever is under way when the page goes away. Without cross-origin isolation the last records of a terminated worker may be missing: then the finding is likely only, and there is none where the worker was heard to do more than was recorded.',
  help: 'Let a thread end itself when it has handled what it was sent: post a last message, wait for its answer, then terminate() or close(). What it is sent on the heap must be freed by whoever finds that it will not be handled.',
  link: 'https://html.spec.whatwg.org/multipage/workers.html#terminate-a-worker',
  *find(scene) {
    for (const lost of scene.lost) if (lost.fate === 'undelivered') yield findingOf(scene, lost);
  },
};

function findingOf(scene: Scene, lost: LostMessages): FindingDraft {
  const { channel, cause, causeStack, messages, count, proven } = lost;
  const { document } = channel;
  const times = messages.map(({ sent }) => sent?.at ?? 0);
  const side = messages[0]?.side ?? 0;
  const open = openRequests(channel, side);
  const first = messages.find(({ preview }) => preview !== '')?.preview;
  const end = endWords(lost);
  const left = leftPayload([lost]);
  const asked =
    open.length === 0
      ? ''
      : ` ${counted(open.length, 'request')} of this side never got an answer (${open
          .slice(0, MAX_NAMED)
          .map(({ preview }) => preview)
          .join(', ')}).`;
  return {
    entity: channelEntity(channel),
    certainty: proven ? 'proven' : 'likely',
    count,
    first: scene.time(document, Math.min(...times)),
    last: scene.time(document, Math.max(...times)),
    message: `${channelLabel(channel)}: ${counted(count, 'message')}${first === undefined ? '' : ` (${first})`} had not been handled when ${end}.${asked}${leftWords(left)}`,
    evidence: [
      ...leftEvidence(scene, document, left),
      ...messages.slice(0, MAX_EVIDENCE).flatMap(({ sent, preview }) => {
        const what = `a message was posted${preview === '' ? '' : `: ${preview}`}`;
        return sent === undefined ? [] : [scene.evidence(document, sent, what)];
      }),
      ...(cause === undefined ? [] : [scene.evidence(document, cause, end)]),
    ],
    stacks: stacksOf({
      create: channel.node?.createStack ?? channel.worker?.createStack ?? channel.createStack,
      post: messages.find(({ stack }) => stack !== '')?.stack,
      end: causeStack,
      allocate: leftStack(left),
    }),
  };
}

function endWords({ channel, cause }: LostMessages): string {
  const thread = cause === undefined ? undefined : channel.document.threads.get(cause.thread);
  const workers = [...channel.document.workers.values()];
  const worker = workers.find(({ ended, scope }) => ended === cause || scope.closing === cause);
  if (worker === undefined) return 'its context was closed';
  if (worker.ended === undefined || worker.ended !== cause) return 'the worker called close()';
  if (worker.ended.how === 'not-loaded') return 'the worker’s script turned out not to load';
  return `${thread?.name ?? 'the page'} called terminate()`;
}
