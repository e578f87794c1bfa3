/**
 * What was not as its page declares it, page by page, as lines to print. `visits` are what the zoo test
 * wrote down: `{ path, round, expected, seen }`, the latter two with the same keys unless the visit failed.
 */
export function summarizeVisits(visits) {
  const pages = new Map();
  for (const visit of visits) {
    const known = pages.get(visit.path);
    if (known === undefined) pages.set(visit.path, [visit]);
    else known.push(visit);
  }
  const summary = [];
  let oddPages = 0;
  for (const [path, all] of pages) {
    const odd = all.filter((visit) => differences(visit).length > 0);
    if (odd.length === 0) continue;
    oddPages++;
    summary.push(`${path}: ${odd.length} of ${all.length} rounds differed`);
    for (const visit of odd) {
      summary.push(...differences(visit).map((each) => `  round ${visit.round}: ${each}`));
    }
  }
  summary.push(`${visits.length} visits of ${pages.size} pages; ${oddPages} pages differed`);
  return summary;
}

function differences({ expected, seen }) {
  const keys = new Set([...Object.keys(expected), ...Object.keys(seen)]);
  if ('failure' in seen) return [`the visit failed: ${seen.failure}`];
  return [...keys].flatMap((key) => {
    const [wanted, got] = [JSON.stringify(expected[key]), JSON.stringify(seen[key])];
    return wanted === got ? [] : [`${key}: expected ${wanted}, seen ${got}`];
  });
}
