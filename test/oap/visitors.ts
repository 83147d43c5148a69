import type { Status } from '../../src/api/status';
import type { App } from '../support/app';

const EVERY_MS = 40;

/** People who visit an application without a pause, and keep the id of each trace they were in. */
export class Visitors {
  /** In the order they were answered. */
  readonly traces: string[] = [];
  private isOpen = true;
  private readonly visiting: Promise<void>;

  constructor(
    private readonly app: App,
    private readonly page = '/',
  ) {
    this.visiting = this.visit();
  }

  async status(): Promise<Status> {
    return JSON.parse(await this.read('/status')) as Status;
  }

  async leave(): Promise<void> {
    this.isOpen = false;
    await this.visiting;
  }

  private async visit(): Promise<void> {
    while (this.isOpen) {
      this.traces.push(await this.read(this.page));
      await new Promise((resolve) => setTimeout(resolve, EVERY_MS));
    }
  }

  private async read(page: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${await this.app.port()}${page}`);
    return response.text();
  }
}
