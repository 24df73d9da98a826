/** Snippets for tests: those of a generator, with a test's own parameters. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The parameters of a gateway that registers `room` at 127.0.0.100. */
function gatewayParams(room: string): Readonly<Record<string, string>> {
	return {
		username: room,
		"from-user": room,
		password: "secret",
		proxy: "127.0.0.100",
		"register-transport": "tcp",
		extension: room,
		"extension-in-contact": "true",
		"expire-seconds": "60",
		"retry-seconds": "30",
	};
}

/** The text of a snippet with one gateway, by default `conf_ROOM`. */
export function snippet(room: string, params: Readonly<Record<string, string>> = {}, name = `conf_${room}`): string {
	const all = { ...gatewayParams(room), ...params };
	const lines = Object.entries(all).map(([param, value]) => `    <param name="${param}" value="${value}"/>\n`);
	return `<include>\n  <gateway name="${name}">\n${lines.join("")}  </gateway>\n</include>\n`;
}

/** A temporary directory of snippets; `remove` removes it with its files. */
export class TemporaryDirectory {
	readonly path = mkdtempSync(join(tmpdir(), "snippets-"));

	/** Writes `ROOM.xml`. */
	write(room: string, text = snippet(room)): void {
		writeFileSync(join(this.path, `${room}.xml`), text);
	}

	/** Removes `ROOM.xml`. */
	delete(room: string): void {
		rmSync(join(this.path, `${room}.xml`), { force: true });
	}

	remove(): void {
		rmSync(this.path, { recursive: true, force: true });
	}
}
