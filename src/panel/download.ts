/** `lifeline-2025-06-01-14-03-22.<extension>`, in local time. */
export function sessionFileName(extension: string, now: Date = new Date()): string {
  const parts = [
    now.getFullYear(),
    now.getMonth() + 1,
    now.getDate(),
    now.getHours(),
    now.getMinutes(),
    now.getSeconds(),
  ];
  return `lifeline-${parts.map((part) => String(part).padStart(2, '0')).join('-')}.${extension}`;
}

/** Lets the browser save the bytes under that name. */
export function downloadBytes(bytes: Uint8Array<ArrayBuffer>, name: string): void {
  const url = URL.createObjectURL(new Blob([bytes], { type: 'application/octet-stream' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
