import { Patches } from '../../base/patch.ts';
import { numberMemories } from '../../hooks/memory-numbers.ts';
import type { RewriteModule } from '../../hooks/wasm/wasm-tag.ts';
import { ledgerOf } from '../../shared/block-ledger.ts';
import { type Passage, passageNameIn, type ToScope } from '../../shared/passage.ts';
import type { NodeId } from '../../shared/units.ts';
import { observeAnnotations } from './annotations.ts';
import { observeSharing } from './atomics.ts';
import { preventInlining } from './call-process.ts';
import { observeCompiling } from './compiling.ts';
import { observeGrowth } from './growth.ts';
import { hookModules, type ScopeModules, sayCompiledHere, takeRewriter } from './modules.ts';
import { observePorts } from './ports.ts';
import { observeProcessors, type ProcessorIds } from './processors.ts';
import { dataOf, listen, type PlatformProcessor, portOf, scope, startPort } from './scope.ts';
import { StressedRecorder } from './stressed-recorder.ts';
import { ThreadRecorder } from './thread-recorder.ts';

/**
 * The prelude: loaded into a scope before the page's first module. Registers a processor under the
 * name that the page's script chose; the one node made of it brings the `Passage`, and from then on
 * everything in this scope is observed.
 */
function main(name: string): void {
  const Base = scope.AudioWorkletProcessor as unknown as new () => PlatformProcessor;
  let processors: ProcessorIds | undefined;
  scope.registerProcessor(
    name,
    class extends Base {
      constructor(options: { readonly processorOptions: Passage }) {
        super();
        // By now the page may know the name: only the first node is ours.
        if (processors) processors.skipOne();
        else processors = observe(options.processorOptions, this, takeRewriter(name));
      }

      process(): boolean {
        return false;
      }
    },
  );
}

function observe(
  passage: Passage,
  carrier: PlatformProcessor,
  rewrite: RewriteModule | undefined,
): ProcessorIds {
  const port = portOf(carrier);
  const patches = new Patches();
  const recorder = passage.stress
    ? new StressedRecorder(patches, passage, port)
    : new ThreadRecorder(patches, passage, port);
  let modules: ScopeModules | undefined;
  listen(port, 'message', (event) => {
    const command = dataOf(event) as ToScope;
    if (modules?.obey(command)) return;
    // Where no processor is called any more there is no other occasion.
    if (command.kind === 'flush') modules?.tellCounts(true);
    recorder.obey(command);
  });
  startPort(port);
  preventInlining();
  const ports = observePorts(recorder, (processor) => processors.platformOf(processor));
  if (recorder instanceof StressedRecorder) recorder.delayPosts(ports);
  const processors = observeProcessors(patches, recorder, ports, {
    constructed: (processor, ordinal) => growth?.constructed(processor, ordinal),
    threw: (ordinal) => growth?.threw(ordinal),
  });
  const running = (): NodeId => ((processors.running ?? -1) + 1) as NodeId;
  const numbered = numberMemories(ports.memories);
  const ledger = ledgerOf(passage.thread, numbered.numberOf);
  let hasCompiled = false;
  const sharing = observeSharing(recorder, ports.memories, () => {
    if (passage.modules !== undefined && !rewrite && !hasCompiled) sayCompiledHere(recorder);
    hasCompiled = true;
  });
  const growth = observeGrowth(recorder, ports.memories, { ...numbered, running });
  if (sharing.doors) {
    const saw = (memory: object): void => growth?.saw(memory);
    const timeTheirs = observeCompiling(sharing.doors, { recorder, running, saw });
    modules = hookModules(recorder, sharing, ports, ledger, timeTheirs, passage, rewrite);
  }
  observeAnnotations(recorder, processors, ledger);
  return processors;
}

const name = passageNameIn(import.meta.url);
if (name !== undefined) main(name);
