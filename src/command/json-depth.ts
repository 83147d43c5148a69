/** How many braces and brackets of a JSON text are open, read line by line. */
export class JsonDepth {
  private depth = 0;
  private isInString = false;

  /** @returns the depth after this line */
  read(line: string): number {
    for (let at = 0; at < line.length; at++) {
      const char = line[at];
      if (this.isInString) {
        if (char === '\\') at++;
        else if (char === '"') this.isInString = false;
      } else if (char === '"') {
        this.isInString = true;
      } else if (char === '{' || char === '[') {
        this.depth++;
      } else if (char === '}' || char === ']') {
        this.depth--;
      }
    }
    // No string goes over the end of a line.
    this.isInString = false;
    return this.depth;
  }
}
