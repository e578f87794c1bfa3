import type { Micros } from '../../shared/units.ts';
import { openRequests } from '../exchanges.ts';
import { channelLabel, memoryLabel, threadLabel, workerLabel } from '../labels.ts';
import { leftEvidence, leftPayload, leftStack, leftWords } from '../left-payload.ts';
import type { LostMessages } from '../lost-messages.ts';
import { type UnreadMail, unreadMail } from '../mail-boxes.ts';
import type { DocumentFacts, EntityKey, Point } from '../model.ts';
import { comparePoints } from '../point.ts';
import { channelEntity, counted, type Scene, stacksOf, workerEntity } from '../scene.ts';
import type { FindingDraft, Rule } from './rule.ts';

const MAX_EVIDENCE = 6;
const MAX_NAMED = 4;

export const undeliveredAtShutdown: Rule = {
  id: 'undelivered-at-shutdown',
  severity: 'warning',
  title: 'A thread ended with messages unhandled',
  explain:
    'Messages were posted to a worker or a processor in time, and it ended before it had handled them: terminate(), its own close(), a script that did not load, or a closed context. Whoever waits for an answer waits for ever, and what a message was to hand over stays where it is: of calls that are posted in the way of Emscripten’s Wasm Workers the finding names the heap blocks whose addresses they took along and that nobody has freed (Memory: heap hooks; of a flood only some messages are looked into). Left alone: what a thread that ends has itself sent home, what a page tells a processor in parting (a stop message just before it closes the context, or lets go of the node), and whatever is under way when the page goes away. Without cross-origin isolation the last records of a terminated worker may be missing: then the finding is likely only, and there is none where the worker was heard to do more than was recorded. The same is said of work for an Emscripten pthread that goes through its mail box in shared memory, which it awaits at its own address: the box was notified, before its worker ended or later, and the worker did no atomic operation in that memory after that. Notifications are counted: one stands for all that is put in until the pthread looks. Needs an isolated page whose atomic operations are all recorded (those of WebAssembly with Memory: heap hooks).',
  help: 'Let a thread end itself when it has handled what it was sent: post a last message, wait for its answer, then terminate() or close(). What it is sent on the heap must be freed by whoever finds that it will not be handled. A pthread closes its mail box when it returns or calls pthread_exit(), not when its worker is terminated: only then is what waits there cancelled, and what comes later refused.',
  link: 'https://html.spec.whatwg.org/multipage/workers.html#terminate-a-worker',
  find(scene) {
    const byEntity = new Map<EntityKey, FindingDraft>();
    for (const draft of draftsOf(scene)) {
      const { id } = draft.entity;
      const known = byEntity.get(id);
      byEntity.set(id, known === undefined ? draft : together(known, draft));
    }
    return byEntity.values();
  },
};

function* draftsOf(scene: Scene): Iterable<FindingDraft> {
  for (const lost of scene.lost) if (lost.fate === 'undelivered') yield draftOf(scene, lost);
  for (const document of scene.documents) {
    for (const mail of unreadMail(document)) yield mailDraftOf(scene, mail);
  }
}

/** Two of one entity. */
function together(a: FindingDraft, b: FindingDraft): FindingDraft {
  return {
    ...a,
    certainty: a.certainty === 'proven' ? b.certainty : a.certainty,
    count: a.count + b.count,
    first: Math.min(a.first, b.first) as Micros,
    last: Math.max(a.last, b.last) as Micros,
    message: `${a.message} ${b.message}`,
    evidence: [...a.evidence, ...b.evidence],
    stacks: { ...b.stacks, ...a.stacks },
  };
}

function mailDraftOf(scene: Scene, mail: UnreadMail): FindingDraft {
  const { worker, block, offset, awaited, ended, senders, notified, early, late } = mail;
  const { document } = worker;
  const times = notified.map(({ at }) => at);
  const end = endWords(document, ended);
  const who = senders.map((id) => threadLabel(document, id)).join(', ');
  const count = early + late;
  const when =
    late === 0
      ? `before ${end}`
      : early === 0
        ? `after ${end}`
        : `${early} before and ${late} after ${end}`;
  return {
    entity: workerEntity(worker),
    certainty: 'proven',
    count,
    first: scene.time(document, Math.min(...times)),
    last: scene.time(document, Math.max(...times)),
    message: `worker ${workerLabel(worker)}: its mail box in shared memory (offset ${offset} of ${memoryLabel(block)}) was notified by ${who} ${counted(count, 'time')}, ${when}, and the worker did not look into it any more.`,
    evidence: [
      { point: awaited, what: 'Atomics.waitAsync() on its own address began' },
      ...notified
        .slice(0, MAX_EVIDENCE)
        .map((point) => ({ point, what: 'the mail box was notified' })),
      { point: ended, what: end },
    ]
      .sort((a, b) => comparePoints(a.point, b.point))
      .map(({ point, what }) => scene.evidence(document, point, what)),
    stacks: stacksOf({
      create: worker.createStack,
      end: ended === worker.ended ? worker.ended.stack : undefined,
    }),
  };
}

function draftOf(scene: Scene, lost: LostMessages): FindingDraft {
  const { channel, cause, causeStack, messages, count, proven } = lost;
  const { document } = channel;
  const times = messages.map(({ sent }) => sent?.at ?? 0);
  const side = messages[0]?.side ?? 0;
  const open = openRequests(channel, side);
  const first = messages.find(({ preview }) => preview !== '')?.preview;
  const end = endWords(document, cause);
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

function endWords(document: DocumentFacts, cause: Point | undefined): string {
  const thread = cause === undefined ? undefined : document.threads.get(cause.thread);
  const workers = [...document.workers.values()];
  const worker = workers.find(({ ended, scope }) => ended === cause || scope.closing === cause);
  if (worker === undefined) return 'its context was closed';
  if (worker.ended === undefined || worker.ended !== cause) return 'the worker called close()';
  if (worker.ended.how === 'not-loaded') return 'the worker’s script turned out not to load';
  return `${thread?.name ?? 'the page'} called terminate()`;
}
