"""Settings, from the environment. A bad or missing value stops the start with one sentence.

Every value may also be given as a file: NAME_FILE=/run/secrets/name is read in place of NAME.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
from email.utils import formataddr
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import environ
import structlog
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from gatekeeper import embedded
from gatekeeper.log import hide_secrets, without_query

BASE_DIR = Path(__file__).resolve().parent.parent


# How a value is read


def stop(sentence: str) -> Any:
    """Stop the start: SystemExit passes through manage.py, gunicorn and Celery without a traceback."""
    raise SystemExit(f"Gatekeeper cannot start: {sentence}")


def given(name: str) -> str:
    """The value of NAME, or of the file that NAME_FILE names; an empty string if neither is set."""
    file = os.environ.get(f"{name}_FILE", "")
    if not file:
        return os.environ.get(name, "").strip()
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return str(stop(f"{name}_FILE names a file that cannot be read."))


def flag(name: str, default: bool) -> bool:
    """A yes or no."""
    value = given(name).lower()
    if value in {"", "true", "false", "1", "0", "yes", "no", "on", "off"}:
        return default if not value else value in {"true", "1", "yes", "on"}
    return bool(stop(f"{name} must be true or false."))


def whole(name: str, default: int) -> int:
    """A whole number, zero or more."""
    value = given(name) or str(default)
    return int(value) if value.isascii() and value.isdigit() else int(stop(f"{name} must be a whole number."))


def words(name: str, default: str = "") -> list[str]:
    """A list of words with commas between."""
    return [word.strip() for word in (given(name) or default).split(",") if word.strip()]


def web_address(name: str, default: str) -> str:
    """An http or https address, without a slash at the end."""
    value = (given(name) or default).rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        stop(f"{name} must be an address such as https://gatekeeper.example.org.")
    return value


def demanded(name: str, why: str) -> str:
    """A value that has no default in production."""
    value = given(name)
    if not value and PRODUCTION and not OFFLINE:
        stop(f"{name} is not set; in production it must be, because {why}.")
    return value


def kept(name: str, file: str, make: Any, why: str) -> str:
    """A secret. In development it is made once and kept in the data folder, readable by its owner only."""
    value = demanded(name, why)
    if value:
        return value
    return str(make()) if OFFLINE else kept_in_file(GATEKEEPER_DATA / file, make)


def kept_in_file(path: Path, make: Any) -> str:
    """The secret in a file, made if it is missing; two processes that start together agree on one."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        if not path.exists():
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
                opened.write(make())
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
            draft.unlink()
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return str(stop("the data folder named by GATEKEEPER_DATA cannot be written."))


# Where and how this installation runs

GATEKEEPER_ENV = given("GATEKEEPER_ENV") or "development"
if GATEKEEPER_ENV not in {"development", "production"}:
    stop("GATEKEEPER_ENV must be development or production.")
PRODUCTION = GATEKEEPER_ENV == "production"
OFFLINE = flag("GATEKEEPER_OFFLINE", False)
DEBUG = flag("DEBUG", False)
if DEBUG and PRODUCTION:
    stop("DEBUG cannot be on in production: its error pages show settings and personal data.")
GATEKEEPER_DATA = Path(given("GATEKEEPER_DATA") or BASE_DIR / ".data").absolute()

demanded("PUBLIC_URL", "links in mails and the sign-in at the Hub use it")
PUBLIC_URL = web_address("PUBLIC_URL", "http://127.0.0.1:8000")
HTTPS = PUBLIC_URL.startswith("https://")
PUBLIC_HOST = str(urlsplit(PUBLIC_URL).hostname)
demanded("ALLOWED_HOSTS", "a request with a forged host name must be refused")
ALLOWED_HOSTS = words("ALLOWED_HOSTS", f"localhost,127.0.0.1,[::1],{PUBLIC_HOST}")
CSRF_TRUSTED_ORIGINS = [f"{urlsplit(PUBLIC_URL).scheme}://{urlsplit(PUBLIC_URL).netloc}"]


# Secrets


def encryption_keys() -> list[str]:
    """Fernet keys: the first encrypts, all decrypt."""
    why = "the Hub tokens of publishers are encrypted with it"
    keys = kept("GATEKEEPER_ENCRYPTION_KEYS", "encryption.key", lambda: Fernet.generate_key().decode(), why)
    try:
        for key in keys.split(","):
            Fernet(key.strip())
    except ValueError:
        stop("GATEKEEPER_ENCRYPTION_KEYS must be Fernet keys (32 bytes, url-safe base64) with commas between.")
    return [key.strip() for key in keys.split(",")]


def new_signing_key() -> str:
    """A new Ed25519 key, as the base64 of its 32 bytes."""
    return base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()


def signing_key() -> str:
    """The Ed25519 key as PEM, whether it was given as PEM or as base64 of 32 bytes."""
    text = kept("GATEKEEPER_SIGNING_KEY", "signing.key", new_signing_key, "receipts and checkpoints are signed with it")
    try:
        if text.startswith("-----"):
            key = serialization.load_pem_private_key(text.replace("\\n", "\n").encode(), password=None)
        else:
            key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(text, validate=True))
    except (ValueError, TypeError, binascii.Error):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        return str(stop("GATEKEEPER_SIGNING_KEY must be an Ed25519 private key, as PEM or as base64 of its 32 bytes."))
    pkcs8, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, pkcs8, plain).decode()


SECRET_KEY = kept("SECRET_KEY", "secret.key", lambda: secrets.token_urlsafe(50), "sessions are signed with it")
if len(SECRET_KEY) < 32:
    stop("SECRET_KEY must have at least 32 characters.")
SECRET_KEY_FALLBACKS = words("SECRET_KEY_FALLBACKS")
GATEKEEPER_ENCRYPTION_KEYS = encryption_keys()
GATEKEEPER_SIGNING_KEY = signing_key()


# Database, cache, queue


def server_urls() -> tuple[str, str]:
    """The addresses of PostgreSQL and Redis; in development the embedded ones are started for what is not given."""
    database = demanded("DATABASE_URL", "the embedded PostgreSQL is for development")
    redis = demanded("REDIS_URL", "the embedded Valkey is for development")
    if OFFLINE:
        return database or "postgres:///gatekeeper", redis or "redis://127.0.0.1:6379/0"
    if database and redis:
        return database, redis
    try:
        started = embedded.urls()
    except embedded.EmbeddedError as refused:
        stop(str(refused))
    return database or started["DATABASE_URL"], redis or started["REDIS_URL"]


def database_from(url: str) -> dict[str, Any]:
    """Django's description of a PostgreSQL address, with limits that no statement may pass."""
    if urlsplit(url).scheme not in {"postgres", "postgresql"}:
        stop("DATABASE_URL must be a PostgreSQL address (postgres://user:password@host:5432/name).")
    try:
        parsed = dict(environ.Env.db_url_config(url))
    except (ImproperlyConfigured, ValueError):
        stop("DATABASE_URL cannot be read; special characters in its password must be percent-encoded.")
    limits = {
        "statement_timeout": whole("DATABASE_STATEMENT_TIMEOUT", 30),
        "lock_timeout": whole("DATABASE_LOCK_TIMEOUT", 10),
        "idle_in_transaction_session_timeout": whole("DATABASE_IDLE_TIMEOUT", 60),
    }
    options = " ".join(f"-c {limit}={seconds}s" for limit, seconds in limits.items())
    parsed["OPTIONS"] = {**parsed.get("OPTIONS", {}), "options": options, "connect_timeout": 10}
    return {
        **parsed,
        "ENGINE": "django.db.backends.postgresql",
        "CONN_MAX_AGE": whole("DATABASE_CONN_MAX_AGE", 60),
        "CONN_HEALTH_CHECKS": True,
        # A verb opens its own transaction; a page that only reads needs none.
        "ATOMIC_REQUESTS": False,
    }


DATABASE_URL, REDIS_URL = server_urls()
DATABASES = {"default": database_from(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if urlsplit(REDIS_URL).scheme not in {"redis", "rediss", "unix"}:
    stop("REDIS_URL must be a Redis address (redis://host:6379/0).")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": given("CACHE_PREFIX") or "gatekeeper",
        # A server that takes a connection and says nothing must not hold up a page.
        "OPTIONS": {"socket_timeout": 5, "socket_connect_timeout": 2},
    }
}
if OFFLINE and not given("REDIS_URL"):
    # What a command without servers remembers, such as the calls that its token has left, is its own.
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "KEY_PREFIX": CACHES["default"]["KEY_PREFIX"],
    }

# Redis gives an unacknowledged task to another worker after this many seconds: longer than any task may run.
TASK_SECONDS = 600
CELERY_BROKER_URL = embedded.broker_url(REDIS_URL)
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 2 * TASK_SECONDS,
    "global_keyprefix": f"{CACHES['default']['KEY_PREFIX']}:",
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
}
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # however long the broker is away, workers are there when it comes back
CELERY_TASK_PUBLISH_RETRY = False  # a lost nudge costs nothing: the sweep finds the row; a page must not wait for Redis
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = TASK_SECONDS
CELERY_TASK_SOFT_TIME_LIMIT = TASK_SECONDS - 30
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(GATEKEEPER_DATA / "celerybeat-schedule")
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    # `expires`: after a pause the clock rings once, not once for each minute missed.
    name: {"task": task, "schedule": float(seconds), "options": {"expires": seconds}}
    for name, task, seconds in (
        ("observe", "gatekeeper.hub.tasks.observe_all", 60),
        ("settle", "gatekeeper.hub.tasks.settle_due", 10),
        ("hooks", "gatekeeper.hub.tasks.settle_hooks", 60),
        ("tokens", "gatekeeper.hub.tasks.check_tokens", 60),
        ("tick", "gatekeeper.tasks.tick", 60),
        ("notices", "gatekeeper.tasks.send_notices", 10),
        ("seal", "gatekeeper.tasks.seal", 60),
    )
}


# The Hub

HUB_ENDPOINT = web_address("HUB_ENDPOINT", "https://huggingface.co")
HUB_ORIGIN = f"{urlsplit(HUB_ENDPOINT).scheme}://{urlsplit(HUB_ENDPOINT).netloc}"
HUB_OAUTH_CLIENT_ID = given("HUB_OAUTH_CLIENT_ID")
HUB_OAUTH_CLIENT_SECRET = given("HUB_OAUTH_CLIENT_SECRET")
HUB_CALL_TIMEOUT = whole("HUB_CALL_TIMEOUT", 20)  # seconds
# More people than this at once, or more than this share of those accepted, lose access only if somebody confirmed it.
GUARD_REMOVALS = whole("GUARD_REMOVALS", 20)
GUARD_REMOVALS_PERCENT = whole("GUARD_REMOVALS_PERCENT", 10)
if GUARD_REMOVALS < 1 or not 1 <= GUARD_REMOVALS_PERCENT <= 100:
    stop("GUARD_REMOVALS must be at least 1, and GUARD_REMOVALS_PERCENT between 1 and 100.")
if not 1 <= HUB_CALL_TIMEOUT <= 120:
    stop("HUB_CALL_TIMEOUT must be between 1 and 120 seconds.")


# What the project is made of

ROOT_URLCONF = "gatekeeper.urls"
WSGI_APPLICATION = "gatekeeper.wsgi.application"
INSTALLED_APPS = [
    "gatekeeper.apps.GatekeeperConfig",
    "accounts.apps.AccountsConfig",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "csp",
    "django_countries",
    "django_filters",
    "django_htmx",
    "django_include_bootstrap",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "heroicons",
    "rest_framework",
]
MIDDLEWARE = [
    # Probes and static files are answered before the log: they would drown everything else in it.
    "gatekeeper.health.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "gatekeeper.middleware.RequestLogMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.middleware.ViewerMiddleware",
    "accounts.middleware.LanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "gatekeeper.middleware.CacheAwayMiddleware",
]
LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        # allauth asks for its own names (account/login.html …): ours stand in templates/accounts.
        "DIRS": [BASE_DIR / "templates", BASE_DIR / "templates" / "accounts"],
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.viewer",
            ],
            "loaders": LOADERS if DEBUG else [("django.template.loaders.cached.Loader", LOADERS)],
        },
    }
]

USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "gatekeeper" / "locale"]

STATIC_URL = "/static/"
STATIC_ROOT = Path(given("STATIC_ROOT") or BASE_DIR / "static-collected")
STATICFILES_DIRS: list[Path] = []  # gatekeeper/static is found as the static folder of its app
STATIC_BACKEND = (
    "whitenoise.storage.CompressedManifestStaticFilesStorage"
    if PRODUCTION
    else "django.contrib.staticfiles.storage.StaticFilesStorage"
)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": STATIC_BACKEND},
}
MEDIA_ROOT = GATEKEEPER_DATA / "files"
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_AUTOREFRESH = not PRODUCTION


# People and sign-in

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.PeopleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_SIGN_IN = flag("PASSWORD_SIGN_IN", not PRODUCTION)
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/"

ACCOUNT_ADAPTER = "accounts.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_NOTIFICATIONS = True  # a changed password or second factor is told to the account's address
ACCOUNT_USERNAME_BLACKLIST = ["clock", "hub", "system", "gatekeeper", "admin"]
ACCOUNT_PRESERVE_USERNAME_CASING = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 900
ACCOUNT_RATE_LIMITS = {"login": "30/m/ip", "login_failed": "10/m/ip,5/5m/key", "signup": "20/h/ip"}
ALLAUTH_TRUSTED_PROXY_COUNT = whole("TRUSTED_PROXIES", 1 if PRODUCTION else 0)

SOCIALACCOUNT_ADAPTER = "accounts.adapters.HubAdapter"
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = False
SOCIALACCOUNT_EMAIL_REQUIRED = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
SOCIALACCOUNT_LOGIN_ON_GET = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_REQUESTS_TIMEOUT = HUB_CALL_TIMEOUT
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "huggingface",
                "name": "Hugging Face",
                "client_id": HUB_OAUTH_CLIENT_ID,
                "secret": HUB_OAUTH_CLIENT_SECRET,
                "settings": {"server_url": HUB_ENDPOINT, "scope": ["openid", "profile", "email", "read-memberships"]},
            }
        ]
        if HUB_OAUTH_CLIENT_ID
        else [],
    }
}

MFA_ADAPTER = "accounts.adapters.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = f"Gatekeeper ({PUBLIC_HOST})"
MFA_TOTP_TOLERANCE = 1
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_ALLOW_UNVERIFIED_EMAIL = True


# Sessions, cookies, headers

SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_NAME = "gatekeeper_session"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "gatekeeper_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_FAILURE_VIEW = "gatekeeper.health.forbidden_form"
LANGUAGE_COOKIE_NAME = "gatekeeper_language"
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
# Asking browsers to preload the name is for whoever owns the whole domain to decide.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_HSTS_SECONDS = whole("HSTS_SECONDS", 31_536_000) if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if ALLAUTH_TRUSTED_PROXY_COUNT:
    # Only behind a proxy of ours, which overwrites the header: otherwise anyone could claim to have come by https.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # Browsers apply form-action to the redirects after a form too: the sign-in button leads to the Hub.
        "form-action": ["'self'", HUB_ORIGIN],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
    }
}


# Mail


def mail_from(url: str) -> dict[str, Any]:
    """Django's description of a mail address such as smtp+tls://user:password@host:587."""
    try:
        return dict(environ.Env.email_url_config(url))
    except (ImproperlyConfigured, KeyError, ValueError):
        return dict(stop("EMAIL_URL must be a mail address (smtp+tls://user:password@host:587, or consolemail://)."))


vars().update(mail_from(given("EMAIL_URL") or "consolemail://"))
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = given("EMAIL_FROM") or formataddr(("Gatekeeper", f"gatekeeper@{PUBLIC_HOST}"))
SERVER_EMAIL = DEFAULT_FROM_EMAIL


# API

API_PER_MINUTE = 600  # requests of one account
API_PER_MINUTE_ANONYMOUS = 120  # requests of one address that is not signed in
REST_FRAMEWORK = {
    # The token first: the first class answers WWW-Authenticate, so a missing credential is 401 and not 403.
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["gatekeeper.api.scopes.Scoped"],
    "DEFAULT_THROTTLE_CLASSES": ["gatekeeper.api.throttling.PerMinute"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gatekeeper.api.parsing.StorableJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "gatekeeper.api.errors.answer_to",
    "NUM_PROXIES": ALLAUTH_TRUSTED_PROXY_COUNT,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Gatekeeper",
    "DESCRIPTION": "Staged release of gated repositories of the Hugging Face Hub.",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "persistAuthorization": False},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "gatekeeper.api.schema.tell_problems",
    ],
    "ENUM_NAME_OVERRIDES": {
        "RequestStatus": "gatekeeper.api.serializers.words.REQUEST_STATUSES",
        "GrantStatus": "gatekeeper.api.serializers.words.GRANT_STATUSES",
        "StageStatus": "gatekeeper.api.serializers.words.STAGE_STATUSES",
        "DriftStatus": "gatekeeper.api.serializers.words.DRIFT_STATUSES",
        "DriftKind": "gatekeeper.api.serializers.words.DRIFT_KINDS",
        "DriftSeverity": "gatekeeper.api.serializers.words.DRIFT_SEVERITIES",
        "ImportStatus": "gatekeeper.api.serializers.words.IMPORT_STATUSES",
        "InvitationStatus": "gatekeeper.api.serializers.words.INVITATION_STATUSES",
        "InvitationKind": "gatekeeper.models.InvitationKind",
        "ImportVerdict": "gatekeeper.api.serializers.imports.VERDICTS",
        "ProcedureStatus": "gatekeeper.api.serializers.words.PROCEDURE_STATUSES",
        "ProcedureKind": "gatekeeper.api.serializers.words.PROCEDURE_KINDS",
        "ReasonCode": "gatekeeper.api.serializers.words.CODES",
        "RepositoryKind": "gatekeeper.models.RepositoryKind",
        "PublisherKind": "accounts.models.Publisher.Kind",
        "PublisherRole": "accounts.models.Membership.Role",
        "QuestionKind": "gatekeeper.api.serializers.documents.KINDS",
        "MessageKind": "gatekeeper.models.MessageKind",
        "AcceptanceKind": "gatekeeper.models.AcceptanceKind",
        "CampaignStatus": "gatekeeper.api.serializers.words.CAMPAIGN_STATUSES",
        "LicenceChangeClass": "gatekeeper.api.serializers.licences.CLASSES",
        "ClauseChangeKind": "gatekeeper.api.serializers.licences.KINDS",
        "HubHookState": "gatekeeper.models.HookState",
    },
}


# Figures for Prometheus: without a token there is no such address

METRICS_TOKEN = given("METRICS_TOKEN")
if METRICS_TOKEN and len(METRICS_TOKEN) < 16:
    stop("METRICS_TOKEN must have at least 16 characters.")


# Logs: one JSON object a line; in development, lines for people

LOG_LEVEL = (given("LOG_LEVEL") or "INFO").upper()
if LOG_LEVEL not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
    stop("LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR.")
LOG_FORMAT = given("LOG_FORMAT") or ("json" if PRODUCTION else "console")
if LOG_FORMAT not in {"json", "console"}:
    stop("LOG_FORMAT must be json or console.")
LOG_STEPS: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
LOG_LAST: list[Any] = (
    [structlog.processors.format_exc_info, hide_secrets, structlog.processors.JSONRenderer()]
    if LOG_FORMAT == "json"
    else [structlog.processors.format_exc_info, hide_secrets, structlog.dev.ConsoleRenderer(colors=False)]
)
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"without_query": {"()": lambda: without_query}},
    "formatters": {
        "line": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": LOG_STEPS,
            "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *LOG_LAST],
        }
    },
    "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["without_query"]}},
    "root": {"handlers": ["out"], "level": LOG_LEVEL},
    "loggers": {
        # Django gives these two handlers of their own, which would print a line twice and past the filters.
        "django": {"handlers": [], "propagate": True, "level": LOG_LEVEL},
        "django.server": {"handlers": ["out"], "propagate": False, "level": LOG_LEVEL},
        # The middleware logs every request and every error once.
        "django.request": {"level": "CRITICAL"},
    },
}
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *LOG_STEPS[:4],
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    cache_logger_on_first_use=True,
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False  # an address is personal data
DJANGO_STRUCTLOG_USER_ID_FIELD = "pk"
# A request id is taken over from a proxy of ours only: anybody else could forge it.
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = ALLAUTH_TRUSTED_PROXY_COUNT > 0
DJANGO_STRUCTLOG_TRUST_UPSTREAM_CORRELATION_ID = False
