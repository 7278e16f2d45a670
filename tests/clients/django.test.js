// The Django project of examples/django, whose accounts are in Vestibule, and what docs/moving.md says of settings and
// users: called as a browser calls it.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort, startStack } from "./stack.js";

const REPOSITORY = join(import.meta.dirname, "../..");
const PYTHON = process.env.PYTHON;
const PASSWORD = "correct-horse-battery";
const SECRET_KEY = "of the accounts, with 32 characters or more";
const SITE = `
SECRET_KEY = "of the site"
DEBUG = False
ALLOWED_HOSTS = ["localhost"]
ROOT_URLCONF = "site_urls"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "site.sqlite3"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIDDLEWARE = [
    "django.middleware.csrf.CsrfViewMiddleware",
    "vestibule.VestibuleMiddleware",
]
VESTIBULE_URL = "VESTIBULE"
CSRF_TRUSTED_ORIGINS = ["https://app.example.com"]
ACCOUNT_SIGNUP_FIELDS = {"email*", "password1*"}
ACCOUNT_LOGIN_METHODS = {"email"}
MFA_SUPPORTED_TYPES = ("totp", "webauthn", "recovery_codes")
SESSION_COOKIE_AGE = 60 * 60
EMAIL_HOST = "mail.example.com"
`;
const URLS = `
from django.contrib.auth.decorators import login_required
from django.http import JsonResponse
from django.urls import path

def me(request):
    if not request.user.is_authenticated:
        return JsonResponse({}, status=401)
    return JsonResponse({"name": request.user.username, "staff": request.user.is_staff, "pk": request.user.pk})

urlpatterns = [path("me", me), path("private", login_required(me))]
`;

let folder;
let stack;
let site;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "vestibule-django-"));
  stack = await startStack({ ACCOUNT_RATE_LIMITS: "false", SECRET_KEY });
  await cp(join(REPOSITORY, "examples/django/vestibule.py"), join(folder, "vestibule.py"));
  await writeFile(join(folder, "site_settings.py"), SITE.replace("VESTIBULE\"", `${stack.api}"`));
  await writeFile(join(folder, "site_urls.py"), URLS);
  await django("migrate", "--verbosity=0");
  site = await serve();
});

after(async () => {
  site?.stop();
  await stack?.stop();
  await rm(folder, { recursive: true });
});

const env = () => ({
  ...process.env,
  DJANGO_SETTINGS_MODULE: "site_settings",
  PATH: `${dirname(process.env.VESTIBULE)}${delimiter}${process.env.PATH}`,
  VESTIBULE_DATA_DIR: stack.data,
  SECRET_KEY,
});

const run = async (program, ...words) => (await promisify(execFile)(program, words, { cwd: folder, env: env() })).stdout;
const django = (...words) => run(PYTHON, "-m", "django", ...words);
const inDjango = (code) => run(PYTHON, "-c", `import django\ndjango.setup()\n${code}`);

/** The blocks of code of docs/moving.md in a language. */
async function blocks(language) {
  const text = await readFile(join(REPOSITORY, "docs/moving.md"), "utf8");
  return [...text.matchAll(new RegExp("^```" + language + "\\n(.*?)^```$", "gms"))].map(([, code]) => code);
}

async function serve() {
  const port = await freePort();
  const words = ["-m", "django", "runserver", "--noreload", `${port}`];
  const running = spawn(PYTHON, words, { cwd: folder, env: env(), stdio: "ignore" });
  const call = (path, { method = "GET", ...headers } = {}) => fetch(`http://localhost:${port}${path}`, { method, headers });
  for (;;) {
    if (running.exitCode !== null) throw new Error(`Django ended with ${running.exitCode}`);
    if (await call("/me").then(() => true, () => false)) break;
    await pause(100);
  }
  return { call, stop: () => running.kill() };
}

const names = (response) => Object.fromEntries(response.headers.getSetCookie().map((each) => each.split(";")[0].split("=")));

/** A browser: it keeps the cookies of Vestibule. */
async function browser() {
  const cookies = {};
  const header = () => Object.entries(cookies).map(([name, value]) => `${name}=${value}`).join("; ");
  const send = async (method, path, body) => {
    const headers = { cookie: header(), "x-csrftoken": cookies.csrftoken ?? "", "content-type": "application/json" };
    const url = `${stack.api}/_allauth/browser/v1/${path}`;
    const response = await fetch(url, { method, headers, ...(body && { body: JSON.stringify(body) }) });
    Object.assign(cookies, names(response));
    return response;
  };
  await send("GET", "config");
  return { send, header, cookies };
}

test("settings become a file that is checked", async () => {
  const [script] = await blocks("py");
  await writeFile(join(folder, "settings_to_json.py"), script);
  const text = await run(PYTHON, "settings_to_json.py", "site_settings");
  const settings = JSON.parse(text);
  assert.deepEqual(settings.MFA_SUPPORTED_TYPES, ["totp", "webauthn", "recovery_codes"]);
  assert.deepEqual(settings.ACCOUNT_SIGNUP_FIELDS, ["email*", "password1*"]);
  assert.ok(!("SECRET_KEY" in settings || "EMAIL_HOST" in settings));
  await writeFile(join(folder, "settings.json"), text);
  const { code, stderr } = await run("vestibule", "settings", "check", "settings.json").then(() => ({}), (error) => error);
  assert.equal(code, 2, "what template.yaml has a parameter for is named");
  assert.match(stderr, /ACCOUNT_SIGNUP_FIELDS: is set by template\.yaml/);
  assert.doesNotMatch(stderr, /MFA_SUPPORTED_TYPES|SESSION_COOKIE_AGE/);
});

/** Finds users by id, as docs/moving.md says to, in the middleware. */
async function findById() {
  const middleware = join(folder, "vestibule.py");
  const text = await readFile(middleware, "utf8");
  const byName = 'username=account["id"], defaults={';
  assert.ok(text.includes(byName));
  await writeFile(middleware, text.replace(byName, 'pk=account["id"], defaults={"username": account["id"], '));
  site.stop();
  site = await serve();
}

test("a user of before moves with its password, and is the same user in Django", async () => {
  const email = "ann@example.com";
  const make = `User.objects.create_user("ann", "${email}", "${PASSWORD}", is_staff=True).pk`;
  const pk = Number(await inDjango(`from django.contrib.auth.models import User\nprint(${make})`));
  const verified = { model: "account.emailaddress", pk: 1, fields: { user: pk, email, verified: true, primary: true } };
  const users = await django("dumpdata", "--format", "jsonl", "auth.user");
  await writeFile(join(folder, "dump.jsonl"), `${users}${JSON.stringify(verified)}\n`);
  await run("vestibule", "import", "django", "dump.jsonl", "--mixed-ids");
  await findById();

  const ann = await browser();
  assert.equal((await ann.send("POST", "auth/login", { email, password: PASSWORD })).status, 200);
  const me = await site.call("/me", { cookie: ann.header() });
  assert.deepEqual([me.status, await me.json()], [200, { name: "ann", staff: true, pk }]);

  const headers = { method: "POST", cookie: ann.header() };
  assert.equal((await site.call("/me", headers)).status, 403, "Django's own CSRF protection");
  assert.equal((await site.call("/me", { ...headers, "x-csrftoken": ann.cookies.csrftoken })).status, 200, "takes the same header");

  const cookie = ann.header();
  await ann.send("DELETE", "auth/session");
  for (let tries = 0; (await site.call("/me", { cookie })).status !== 401; tries += 1) {
    assert.ok(tries < 300, "it never ends");
    await pause(100);
  }
});

test("whoever is unknown is nobody, and Vestibule that does not answer is no logout", async () => {
  assert.equal((await site.call("/me")).status, 401);
  assert.equal((await site.call("/me", { cookie: "sessionid=guessed" })).status, 401);
  const settings = join(folder, "site_settings.py");
  const text = await readFile(settings, "utf8");
  site.stop();
  await writeFile(settings, text.replace(stack.api, "http://localhost:1"));
  site = await serve();
  assert.equal((await site.call("/me", { cookie: "sessionid=guessed" })).status, 503);
});
