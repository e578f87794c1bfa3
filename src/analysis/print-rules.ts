import { markdownTable } from '../base/markdown-table.ts';
import { DESTROY_SIGNALS } from './model.ts';
import { RULES } from './rules/registry.ts';
import type { Rule } from './rules/rule.ts';
import { SIGNAL_WORDS } from './scene.ts';
import { THRESHOLDS } from './thresholds.ts';

/** `docs/rules.md`. */
export function printRules(): string {
  const rules: readonly Rule[] = Object.values(RULES);
  return `${[
    '# Rules',
    'Printed from `src/analysis/rules` by `npm run docs`; do not edit.',
    INTRODUCTION,
    markdownTable(
      ['Rule', 'Severity', 'What it finds'],
      rules.map(({ id, severity, title }) => [`[\`${id}\`](#${id})`, severity, title]),
    ),
    WORDS,
    markdownTable(
      ['Signal', 'What the page did'],
      DESTROY_SIGNALS.map((signal) => [`\`${signal}\``, SIGNAL_WORDS[signal]]),
    ),
    AFTER_SIGNALS,
    ...rules.map(section),
    '## Thresholds',
    markdownTable(
      ['Name', 'Default', 'Meaning'],
      Object.entries(THRESHOLDS).map(([name, { value, doc }]) => [`\`${name}\``, `${value}`, doc]),
    ),
  ].join('\n\n')}\n`;
}

function section({ id, severity, title, explain, help, link }: Rule): string {
  return [
    `## ${id}`,
    `**${title}.** Severity: ${severity}.`,
    explain,
    `_How to mend it._ ${help}`,
    `See <${link}>.`,
  ].join('\n\n');
}

const INTRODUCTION = `A finding names its entity, the time, every event it rests on and the stacks that apply, says in plain
words what is going wrong and how to mend it. Ids are stable. A finding is _proven_ when it follows
from one thread or from the shared sequence counter of an isolated page, _likely_ when it rests on
clocks, on frames, or on a guess about what the page meant. The severity below is the usual one; the
section of a rule says when it differs.`;

const WORDS = `## When a node counts as destroyed

Each of these is a farewell, strongest first. Connecting the node again withdraws \`detached\` and
\`closed\`. Closing the port alone is no farewell, nor is anything the processor does.`;

const AFTER_SIGNALS = `_Detached_ means \`disconnect()\` without arguments, connected or not, or the last output connection
gone; for a node without outputs, the last input.

A _call_ is one \`process()\` invocation; a _use_ is what destruction forbids. Where nothing more is known
every call is a use, except those that are the shutdown itself: the calls answering \`false\` at the end
of a processor that had answered otherwise, or the last one or two of any processor. A stopped
processor that looks at its flag and returns \`false\` has used nothing.

Where recorders lost records, nothing is claimed that the lost ones might contradict. The end of a
recording or of a page is never a finding.`;
