export function obtainPythonPeer(version: string, tell: (line: string) => void): string;
export function obtainNodePeer(version: string, tell: (line: string) => void): string;
