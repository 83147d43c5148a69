const RUNNER = /[/\\](?:npm|npx|yarn|pnpm|pnpx|corepack)(?:-cli|-[\d.]+)?(?:\.c?js)?$/;

/**
 * Whether the main script is a package manager. With `NODE_OPTIONS=--require skyanchor/register npm start` it gets the
 * agent as well as the program it starts, would register as an instance of its own, and first claim the name that is
 * meant for the program.
 */
export function isPackageRunner(mainScript: string | undefined): boolean {
  return mainScript !== undefined && RUNNER.test(mainScript);
}
