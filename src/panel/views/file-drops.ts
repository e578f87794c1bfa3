/**
 * Lets files be dropped anywhere on the document. `hover` is told when something dragged comes over
 * it and leaves it. Gives back the undo.
 */
export function observeFileDrops(
  hover: (over: boolean) => void,
  drop: (file: File) => Promise<void>,
): () => void {
  const over = (event: DragEvent): void => {
    event.preventDefault();
    hover(true);
  };
  const leave = (event: DragEvent): void => {
    if (event.relatedTarget === null) hover(false);
  };
  const dropped = (event: DragEvent): void => {
    event.preventDefault();
    hover(false);
    const file = event.dataTransfer?.files[0];
    if (file !== undefined) void drop(file);
  };
  document.addEventListener('dragover', over);
  document.addEventListener('dragleave', leave);
  document.addEventListener('drop', dropped);
  return () => {
    document.removeEventListener('dragover', over);
    document.removeEventListener('dragleave', leave);
    document.removeEventListener('drop', dropped);
  };
}
