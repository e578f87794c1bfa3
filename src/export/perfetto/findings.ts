import type { Finding } from '../../analysis/finding.ts';
import type { DocumentFacts, EntityKey } from '../../analysis/model.ts';
import { CATEGORY, type Flows } from './happenings.ts';
import type { TraceTime } from './trace-time.ts';
import type { TraceWriter } from './trace-writer.ts';
import type { Tracks } from './tracks.ts';

/** The stack that a finding shows as its call stack: the deed before the history. */
const STACK_ORDER = ['access', 'free', 'destroy', 'create'];

/** A finding is an instant of its rule's track, and an arrow leads to the entity it is about. */
export function writeFindings(
  out: TraceWriter,
  tracks: Tracks,
  time: TraceTime,
  flows: Flows,
  documents: readonly DocumentFacts[],
  findings: readonly Finding[],
): void {
  const entities = entityTracks(tracks, documents);
  for (const finding of findings) {
    const { rule, severity, certainty, entity, count, message, help, link } = finding;
    const at = time.ofTop(finding.first);
    const target = entities.get(entity.id);
    const flow = target === undefined ? [] : [flows.next().id];
    const stack = callstackOf(finding.stacks);
    out.write({
      track: tracks.rule(rule),
      type: 'instant',
      at,
      name: `${rule} · ${entity.label}`,
      category: CATEGORY.finding,
      args: {
        message,
        help,
        link,
        rule,
        severity,
        certainty,
        entity: entity.label,
        count,
        firstMs: finding.first / 1000,
        lastMs: finding.last / 1000,
        evidence: finding.evidence.map(
          (each) => `${(each.at / 1000).toFixed(3)} ms, ${each.thread}: ${each.what}`,
        ),
        stacks: finding.stacks,
      },
      flows: flow,
      ...(stack === undefined ? {} : { stack }),
    });
    if (target === undefined) continue;
    out.write({
      track: target,
      type: 'instant',
      at,
      name: `⚠ ${rule}`,
      category: CATEGORY.finding,
      args: { message, severity, certainty },
      endingFlows: flow,
    });
  }
}

function entityTracks(
  tracks: Tracks,
  documents: readonly DocumentFacts[],
): ReadonlyMap<EntityKey, number> {
  const out = new Map<EntityKey, number>();
  for (const document of documents) {
    for (const context of document.contexts.values()) {
      out.set(context.key, tracks.context(context).state);
    }
    for (const node of document.nodes.values()) out.set(node.key, tracks.node(node));
    for (const { key, thread, parent } of document.workers.values()) {
      out.set(key, tracks.thread(document, thread?.id ?? parent));
    }
    for (const { id } of document.threads.values()) {
      out.set(`${document.index}/t${id}`, tracks.thread(document, id));
    }
    for (const { id, allocated } of document.blocks.values()) {
      out.set(`${document.index}/k${id}`, tracks.thread(document, allocated.thread));
    }
    for (const channel of document.channels) {
      for (const { key, thread } of channel.sides.flatMap(({ ends }) => ends)) {
        const track = tracks.thread(document, thread);
        out.set(key, track);
        if (!out.has(channel.key)) out.set(channel.key, track);
      }
    }
  }
  return out;
}

function callstackOf(stacks: Finding['stacks']): string | undefined {
  const roles = [...STACK_ORDER, ...Object.keys(stacks)];
  const role = roles.find((each) => (stacks[each]?.length ?? 0) > 0);
  return role === undefined ? undefined : stacks[role]?.map(framed).join('\n');
}

/** Frames may come without the `at` that engines print. */
function framed(frame: string): string {
  const text = frame.trim();
  return text.startsWith('at ') || text.includes('@') ? text : `at ${text}`;
}
