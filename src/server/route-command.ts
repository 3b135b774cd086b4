import { ROUTES } from '../doors/http/routes.ts'

/** Returns the command that a request of the HTTP door calls, and the parameters in its path; null where there is no such route. */
export function findRouteCommand(
  method: string,
  target: string,
): { readonly name: string; readonly params: Readonly<Record<string, string>> } | null {
  const [path = ''] = target.split('?')
  for (const route of ROUTES) {
    if (route.method !== method) continue
    const pattern = route.path.replace(/:(\w+)/g, '(?<$1>[^/]+)')
    const match = new RegExp(`^${pattern}$`).exec(path)
    if (match === null) continue
    const params = Object.entries(match.groups ?? {}).map(([key, value]) => [
      key,
      decodeURIComponent(value),
    ])
    return { name: route.command, params: Object.fromEntries(params) }
  }
  return null
}
