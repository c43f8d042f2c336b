"""The manifests in deploy/kubernetes are what Kubernetes expects, and every name in them leads somewhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from kubernetes_validate import ValidationError, validate

from app import __version__
from app.main import create_app
from app.settings import Settings

FOLDER = Path(__file__).parent.parent / "deploy" / "kubernetes"
LIST = "kustomization.yaml"
VERSIONS = ("1.30", "1.37")
"""Of Kubernetes: the oldest that knows all that is used here, and the newest whose schema we have."""

Document = dict[str, Any]


def documents() -> list[Document]:
    files = [file for file in sorted(FOLDER.glob("*.yaml")) if file.name != LIST]
    return [document for file in files for document in yaml.safe_load_all(file.read_text())]


def name_of(document: Document) -> str:
    return f"{document['kind']}-{document['metadata']['name']}"


def of_kind(kind: str) -> list[Document]:
    return [document for document in documents() if document["kind"] == kind]


def pods() -> dict[str, Document]:
    return {each["metadata"]["name"]: each["spec"]["template"] for each in of_kind("Deployment")}


def containers() -> Iterator[Document]:
    for pod in pods().values():
        yield from pod["spec"]["containers"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_document_is_what_kubernetes_expects(document, version):
    assert validate(document, version, strict=True) == version


def test_what_kubernetes_would_not_know_is_found():
    (document, *_) = of_kind("Deployment")
    document["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    with pytest.raises(ValidationError, match="livenesProbe"):
        validate(document, VERSIONS[-1], strict=True)


def test_every_file_is_listed():
    listed = yaml.safe_load((FOLDER / LIST).read_text())["resources"]
    assert sorted([LIST, *listed]) == sorted(file.name for file in FOLDER.iterdir())


def test_every_variable_is_a_setting_with_a_value_that_is_taken(monkeypatch):
    (settings,) = of_kind("ConfigMap")
    for name, value in settings["data"].items():
        assert (
            not name.startswith("BOREHOLE_")
            or name.removeprefix("BOREHOLE_").lower() in Settings.model_fields
        )
        monkeypatch.setenv(name, value)
    known = Settings(_env_file=None)
    assert known.scheduler and known.storage_uri and known.landing_uri


def test_what_is_referred_to_is_there():
    (settings,) = of_kind("ConfigMap")
    services = {each["metadata"]["name"]: each["spec"] for each in of_kind("Service")}
    made_by_hand = {"borehole-places", "borehole-keys"}
    said = (FOLDER / LIST).read_text()
    assert all(f"create secret generic {name}" in said for name in made_by_hand)
    for container in containers():
        for source in container.get("envFrom", []):
            if "configMapRef" in source:
                assert source["configMapRef"]["name"] == settings["metadata"]["name"]
            else:
                assert source["secretRef"]["name"] in made_by_hand
    scheduler = settings["data"]["BOREHOLE_SCHEDULER"]
    host, _, port = scheduler.removeprefix("tcp://").partition(":")
    assert [each["port"] for each in services[host]["ports"]] == [int(port)]
    assert any(scheduler in container.get("command", []) for container in containers())
    (ingress,) = of_kind("Ingress")
    (rule,) = ingress["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    assert backend["port"]["name"] in {port["name"] for port in services[backend["name"]]["ports"]}
    assert rule["host"] == settings["data"]["BOREHOLE_ALLOWED_HOSTS"]


def test_whoever_selects_pods_finds_those_of_one_deployment():
    labels = [pod["metadata"]["labels"] for pod in pods().values()]
    selectors = [each["spec"]["selector"]["matchLabels"] for each in of_kind("Deployment")]
    selectors += [each["spec"]["selector"]["matchLabels"] for each in of_kind("PodDisruptionBudget")]
    selectors += [each["spec"]["selector"] for each in of_kind("Service")]
    for selector in selectors:
        assert sum(selector.items() <= of_pod.items() for of_pod in labels) == 1
    (policy,) = of_kind("NetworkPolicy")
    (chosen,) = policy["spec"]["podSelector"]["matchExpressions"]
    assert set(chosen["values"]) < {of_pod[chosen["key"]] for of_pod in labels}


def test_a_port_that_is_named_is_one_of_its_container():
    services = of_kind("Service")
    ports = {port["name"] for container in containers() for port in container.get("ports", [])}
    assert {port["targetPort"] for each in services for port in each["spec"]["ports"]} == ports
    for container in containers():
        own = {port["name"] for port in container.get("ports", [])}
        for probe in probes_of(container):
            assert (probe.get("httpGet") or probe["tcpSocket"])["port"] in own


def test_probes_ask_for_what_the_server_answers(settings):
    paths = create_app(settings).openapi()["paths"]
    asked = {
        probe["httpGet"]["path"]
        for container in containers()
        for probe in probes_of(container)
        if "httpGet" in probe
    }
    assert asked and asked <= set(paths)


def probes_of(container: Document) -> list[Document]:
    names = ("startupProbe", "readinessProbe", "livenessProbe")
    return [container[name] for name in names if name in container]


@pytest.mark.parametrize("name", pods())
def test_no_service_can_be_taken_for_a_setting(name):
    """Kubernetes would set BOREHOLE_…_PORT for each service, and the server read it."""
    assert pods()[name]["spec"]["enableServiceLinks"] is False


@pytest.mark.parametrize("name", pods())
def test_every_pod_keeps_to_the_restricted_standard_and_bounds_its_memory(name):
    pod = pods()[name]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in pod["containers"]:
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": True,
        }
        assert {"cpu", "memory"} <= set(container["resources"]["requests"])
        assert "memory" in container["resources"]["limits"]
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_images_name_and_version_are_those_of_the_project():
    (image,) = yaml.safe_load((FOLDER / LIST).read_text())["images"]
    assert {container["image"] for container in containers()} == {image["name"]}
    assert image["newTag"] == __version__


def test_workers_and_scheduler_are_started_as_in_the_compose_file():
    compose = yaml.safe_load((FOLDER.parents[1] / "docker-compose.cluster.yml").read_text())["services"]
    for name in ("dask-scheduler", "dask-worker"):
        (container,) = pods()[f"borehole-{name}"]["spec"]["containers"]
        options = {option.partition("=")[0] for option in container["command"] if option.startswith("--")}
        assert options == {
            each.partition("=")[0] for each in compose[name]["command"] if each.startswith("--")
        }
