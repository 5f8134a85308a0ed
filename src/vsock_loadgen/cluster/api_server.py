"""Asks a cluster's API server for a list or an object, with patience, and says what to do if it does not answer with one."""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Generic, TypeVar

from vsock_loadgen.config.places import shorten
from vsock_loadgen.errors import ClusterError

if TYPE_CHECKING:
    import httpx2
    from lightkube import Client
    from lightkube.config.kubeconfig import SingleConfig

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KUBECONFIG = Path("~/.kube/config")
PATIENCE_SECONDS = 30.0
PAGE_ITEMS = 500

_REQUEST_SECONDS = 5.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_MESSAGE = 400
_LIST_CHANGED = 410
"""A list changed so much while it was read in pages that the rest of it is gone: read again, it is whole."""
_MAY_PASS = frozenset({408, 429})

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Access:
    """Why a cluster is asked: for its `noun`, in the plural. `asked_by` is what in the environment or on the command line makes
    this process ask, `otherwise` the way out that every refusal has."""

    noun: str
    asked_by: str
    otherwise: str

    def configuration(self, environment: Mapping[str, str]) -> SingleConfig:
        """Server and credentials. Raises ClusterError if there are none, or the library is missing."""
        try:
            from lightkube.config.kubeconfig import KubeConfig
        except ImportError:
            raise ClusterError(
                f"{self.asked_by}, but this installation cannot ask a cluster for its {self.noun}",
                f"pip install 'vsock-loadgen[kubernetes]', {self.otherwise}",
            ) from None
        in_cluster = "KUBERNETES_SERVICE_HOST" in environment and (SERVICE_ACCOUNT / "token").exists()
        source = SERVICE_ACCOUNT if in_cluster else Path(environment.get("KUBECONFIG") or KUBECONFIG).expanduser()
        if not source.exists():
            raise ClusterError(
                f"{self.asked_by}, but there are no credentials to ask the cluster with: found neither {SERVICE_ACCOUNT}/token "
                f"nor the kubeconfig {source}",
                f"give the pod a service account (automountServiceAccountToken), or set KUBECONFIG, {self.otherwise}",
            )
        try:
            config = KubeConfig.from_service_account(source) if in_cluster else KubeConfig.from_file(source)
            single = config.get()
        except Exception as error:  # noqa: BLE001 (whatever the libraries beneath trip over in a file, it is that file)
            raise self._unusable(source, error) from None
        if single is None or single.user is None:
            raise self._unusable(source, "its context names no user")
        return single

    def _unusable(self, source: Path, reason: object) -> ClusterError:
        mark = getattr(reason, "problem_mark", None)
        if mark is not None:  # the whole message of a YAML error has the text around it, which may be a token
            said = f"line {mark.line + 1} is not valid YAML"
        else:
            said = f"{type(reason).__name__}: {reason}" if isinstance(reason, LookupError) else str(reason)
        message = f"{source} cannot be used to ask the cluster for its {self.noun}: {said}"
        return ClusterError(message, f"correct it, {self.otherwise}")


@dataclass(frozen=True, slots=True)
class Listing(Access, Generic[T]):
    """What a cluster is asked for: `resources` as its API calls them, and `listed` reads them with a client. What is not a list
    says which `document` it is, and which `grant` lets an account read it."""

    resources: str
    listed: Callable[[Client], T]
    document: str = ""
    grant: str = ""

    def read(self, environment: Mapping[str, str], *, patience_seconds: float = PATIENCE_SECONDS) -> T:
        """The list: in a pod by its service account, elsewhere by the kubeconfig (`KUBECONFIG`, `~/.kube/config`).

        Failures that may pass (no connection, no answer, 429, 5xx, an invalid answer) are tried again until `patience_seconds` are
        over; no thread is left when it returns. Raises ClusterError.
        """
        config = self.configuration(environment)
        answers: queue.SimpleQueue[T | ClusterError] = queue.SimpleQueue()
        # A separate thread, since a server that answers a byte at a time stays within every timeout of the client.
        asking = threading.Thread(
            target=self._keep_asking, args=(config, patience_seconds, answers), name=self.resources, daemon=True
        )
        asking.start()
        answer: T | ClusterError
        try:
            answer = answers.get(timeout=patience_seconds + _REQUEST_SECONDS)
        except queue.Empty:
            answer = self._unreachable(
                without_credentials(config.cluster.server), f"no whole answer within {patience_seconds:.0f} s"
            )
        else:
            asking.join()
        if isinstance(answer, ClusterError):
            raise answer
        return answer

    @property
    def _document(self) -> str:
        return self.document or f"list of {self.noun}"

    @property
    def _grant(self) -> str:
        return (
            f"bind the service account to a ClusterRole with the verbs get and list on {self.resources}, as in `kubectl create "
            f"clusterrole vsock-loadgen --verb=get,list --resource={self.resources}` and `kubectl create clusterrolebinding "
            "vsock-loadgen --clusterrole=vsock-loadgen --serviceaccount=NAMESPACE:NAME`"
        )

    def _keep_asking(self, config: SingleConfig, patience_seconds: float, answers: queue.SimpleQueue[T | ClusterError]) -> None:
        """Ask until there is an answer, a final refusal, or no patience left."""
        deadline = time.monotonic() + patience_seconds
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            answer, is_final = self._ask(config)
            if is_final or time.monotonic() + pause_seconds >= deadline:
                answers.put(answer)
                return
            time.sleep(pause_seconds)
            pause_seconds *= 2

    def _ask(self, config: SingleConfig) -> tuple[T | ClusterError, bool]:
        """One attempt; whether another would fail too."""
        import httpx2
        from lightkube import Client

        server = without_credentials(config.cluster.server)
        try:
            with Client(config, timeout=httpx2.Timeout(_REQUEST_SECONDS)) as client:
                return self.listed(client), True
        except Exception as error:  # noqa: BLE001 (whatever a client trips over in somebody's answer, it is that answer)
            if (response := _response_of(error)) is not None:
                status = response.status_code
                return self._refused(server, status, message_of(response)), not (may_pass(status) or status == _LIST_CHANGED)
            if isinstance(error, httpx2.TimeoutException):
                return self._unreachable(server, f"no answer within {_REQUEST_SECONDS:.0f} s"), False
            if isinstance(error, httpx2.LocalProtocolError):  # whose words have the header in them, token and all
                return self._unsendable(server), True
            if isinstance(error, (httpx2.RequestError, OSError)):
                return self._unreachable(server, str(error) or type(error).__name__), "CERTIFICATE_VERIFY_FAILED" in str(error)
            return self._meaningless(server, error), False

    def _refused(self, server: str, status: int, message: str) -> ClusterError:
        said = f": {message}" if message else ""
        if status == 401:
            return ClusterError(
                f"the API server {server} does not accept the credentials (401){said}",
                "check that the service account's token, or the kubeconfig's user, is of this cluster and has not expired, "
                f"{self.otherwise}",
            )
        if status == 403:
            return ClusterError(
                f"the API server {server} does not allow to {'read' if self.document else 'list'} {self.resources} (403){said}",
                f"{self.grant or self._grant}, {self.otherwise}",
            )
        if status == 404:
            return ClusterError(
                f"{server} has no {self._document} (404){said}",
                f"check that this is the address of an API server (KUBERNETES_SERVICE_HOST, or the kubeconfig), {self.otherwise}",
            )
        message = f"the API server {server} answered {status} instead of the {self._document}{said}"
        return ClusterError(message, f"try again, {self.otherwise}")

    def _unreachable(self, server: str, reason: str) -> ClusterError:
        check = "check that it runs and that this process may connect to it (network policy, proxy, certificates)"
        return ClusterError(f"the API server {server} cannot be asked for the {self.noun}: {reason}", f"{check}, {self.otherwise}")

    def _unsendable(self, server: str) -> ClusterError:
        return ClusterError(
            f"the API server {server} cannot be asked for the {self.noun}: "
            "the credentials have characters that no HTTP header may have",
            f"check the token for a line break, {self.otherwise}",
        )

    def _meaningless(self, server: str, error: Exception) -> ClusterError:
        said = shorten(f"{type(error).__name__}: {error}", _LONGEST_MESSAGE)
        remedy = f"check that this is the address of an API server, and the proxies in between, {self.otherwise}"
        return ClusterError(f"{server} answered with something that is not a {self._document} ({said})", remedy)


def _response_of(error: BaseException | None) -> httpx2.Response | None:
    """The answer that an error is about, if that was a refusal, even if the client failed to read its text."""
    import httpx2

    while error is not None and not isinstance(error, httpx2.HTTPStatusError):
        error = error.__context__
    return None if error is None else error.response


def may_pass(status: int) -> bool:
    """Whether a refusal with this status may be a matter of time: the same request may be granted later."""
    return status >= 500 or status in _MAY_PASS


def message_of(response: httpx2.Response) -> str:
    """What the API server says about its refusal; empty if the answer is not its own."""
    try:
        document = response.json()
    except (ValueError, RecursionError):
        return ""
    message = document.get("message") if isinstance(document, dict) else None
    return shorten(message, _LONGEST_MESSAGE) if isinstance(message, str) else ""


def without_credentials(text: str) -> str:
    """A URL, or a text with one in it, without user and password."""
    return re.sub(r"(?<=//)\S*@", "", text)
