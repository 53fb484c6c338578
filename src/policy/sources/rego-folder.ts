/** Which files in a folder of Rego are what, by their paths in it. */

/** Part of the policy, and not of its tests. */
export const isPolicy = (path: string): boolean =>
  path.endsWith('.rego') && !path.endsWith('_test.rego');

export const isData = (path: string): boolean => /(^|[\\/])data\.(json|ya?ml)$/.test(path);

/** All that `opa build` reads, the tests too. */
export const isRead = (path: string): boolean =>
  /\.rego$|(^|[\\/])\.(manifest|signatures\.json)$/.test(path) || isData(path);
