// Asks the control API. The answer always has `ok` and `status` (0 when the server is not there).
export async function post(path, body) {
  try {
    const response = await fetch(`/control/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    return { ...answer, ok: response.ok && answer.ok !== false, status: response.status };
  } catch {
    return { ok: false, status: 0, message: "The sandbox does not answer. Is it still running?" };
  }
}
