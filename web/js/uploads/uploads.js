// Sends one file by the tus protocol (tus.io, 1.0), and goes on after whatever interrupts it. Loaded with the first file that
// somebody adds (../attachments).
import { Upload } from "tus-js-client";

const kRetryDelaysMs = [500, 1000, 2000, 4000, 8000, ...Array(20).fill(15_000)];
const kStalledMs = 30_000; // a connection that moves nothing for so long is dead
const kTransient = [0, 408, 409, 423, 425, 429];

const statusOf = (error) => error.originalResponse?.getStatus() ?? 0;

/** What the server says about a refusal (RFC 9457), if it says anything. */
function sentenceOf({ originalResponse: response }) {
  const isProblem = response?.getHeader("Content-Type")?.startsWith("application/problem+json");
  return (isProblem && response.getBody() && JSON.parse(response.getBody()).detail) || "";
}

/**
 * @param {File} file
 * @param {{endpoint: string, address?: string, headers: object, metadata: object}} what  `address` of an interrupted upload of it
 * @param {{address: Function, progress: Function, interrupted: Function, done: Function, failed: Function}} tell
 * @returns {{abort: Function}}
 */
export function send(file, { endpoint, address, headers, metadata }, tell) {
  const sending = new Sending(file, { endpoint, headers, metadata }, tell);
  sending.begin(address);
  return sending;
}

class Sending {
  constructor(file, what, tell) {
    Object.assign(this, { file, what, tell });
    this.offline = () => this.pause();
    this.online = () => this.resume();
    addEventListener("offline", this.offline);
    addEventListener("online", this.online);
  }

  begin(address) {
    const { endpoint, headers, metadata } = this.what;
    const jitter = 0.75 + Math.random() / 2; // keeps a whole class from coming back at the same moment
    this.upload = new Upload(this.file, {
      // With an endpoint, tus-js-client begins anew after any refusal of what it wants to continue, also when the server is gone.
      endpoint: address ? undefined : endpoint,
      uploadUrl: address,
      headers, metadata,
      retryDelays: kRetryDelaysMs.map((delay) => delay * jitter),
      storeFingerprintForResuming: false, // ../attachments/interrupted.js stores it
      onUploadUrlAvailable: () => {
        this.upload.options.endpoint = undefined;
        this.tell.address(this.upload.url);
      },
      onProgress: (sent, total) => this.progress(sent, total),
      onShouldRetry: (error) => this.shouldRetry(error),
      onSuccess: () => {
        this.end();
        this.tell.done(this.upload.url);
      },
      onError: (error) => this.failed(error),
    });
    this.upload.start();
  }

  progress(sent, total) {
    this.isWaiting = false;
    clearTimeout(this.stalled);
    // When all is sent, the server may need its time.
    if (sent < total) this.stalled = setTimeout(() => this.restart(), kStalledMs);
    this.tell.progress(total === 0 ? 1 : sent / total);
  }

  shouldRetry(error) {
    clearTimeout(this.stalled);
    const status = statusOf(error);
    const isOtherMember = (error.originalResponse?.getHeader("X-Member") ?? this.what.headers["X-Member"]) !== this.what.headers["X-Member"];
    const isTransient = (kTransient.includes(status) || (status >= 500 && status !== 507)) && !isOtherMember;
    if (isTransient) this.interrupted();
    return isTransient;
  }

  /** A file that is gone from the disk looks like a lost connection. */
  async interrupted() {
    this.isWaiting = true;
    this.tell.interrupted();
    try {
      await this.file.slice(0, 1).arrayBuffer();
    } catch {
      this.abort();
      this.tell.failed({ status: 0, isUnreadable: true, sentence: "" });
    }
  }

  failed(error) {
    const status = statusOf(error);
    if (this.upload.url && (status === 404 || status === 410)) return this.begin(); // expired, or cancelled in another tab
    this.end();
    this.tell.failed({ status, sentence: sentenceOf(error) });
  }

  pause() {
    this.upload.abort();
    this.interrupted();
  }

  resume() {
    if (this.isWaiting) this.restart();
  }

  restart() {
    this.upload.abort();
    this.upload.start();
  }

  end() {
    clearTimeout(this.stalled);
    removeEventListener("offline", this.offline);
    removeEventListener("online", this.online);
  }

  abort() {
    this.end();
    this.upload.abort();
  }
}
