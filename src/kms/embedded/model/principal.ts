const ROOT = /^arn:[a-z-]+:iam::(\d{12}):root$/;
const ACCOUNT = /^\d{12}$/;
const ASSUMED_ROLE = /^(arn:[a-z-]+):sts::(\d{12}):assumed-role\/([^/]+)\/.+$/;
const IN_ACCOUNT = /^arn:[a-z-]+:(?:iam|sts)::(\d{12}):/;

/** The account of a principal's ARN, or ''. */
export function accountOf(principal: string): string {
  return IN_ACCOUNT.exec(principal)?.[1] ?? '';
}

/** True where a policy's principal names the caller: itself, its role, its account, or everyone. */
export function namesPrincipal(named: string, caller: string): boolean {
  if (named === '*' || named === caller) return true;
  if (ACCOUNT.test(named)) return accountOf(caller) === named;
  const root = ROOT.exec(named);
  if (root) return accountOf(caller) === root[1];
  return isPrincipal(named, caller);
}

/**
 * True where a grant's principal is the caller itself, or the role that the caller has assumed: whose
 * path, such as `role/service-role/app`, a session's ARN leaves out.
 */
export function isPrincipal(named: string, caller: string): boolean {
  if (named === caller) return true;
  const [, start, account, role] = ASSUMED_ROLE.exec(caller) ?? [];
  const roles = `${start}:iam::${account}:role/`;
  return role !== undefined && named.startsWith(roles) && named.split('/').at(-1) === role;
}
