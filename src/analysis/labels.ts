import type { ContextFacts, NodeFacts } from './model.ts';

/**
 * What an entity is called wherever people read of it: findings, the panel, reports and the tracks
 * of a trace, which are found again by this very text.
 */
export function nodeLabel(node: NodeFacts): string {
  return `${node.processorName || node.className} #${node.id}`;
}

export function contextLabel(context: ContextFacts): string {
  return `${context.kind === 'offline' ? 'OfflineAudioContext' : 'AudioContext'} #${context.id}`;
}
