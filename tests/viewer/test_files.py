"""Files on their way in, as the page shows them."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from tests.builders import eventually, image_rows, write_csv

JOB = {
    "state": "stored",
    "message": None,
    "row": None,
    "column": None,
    "image_id": 1,
    "rows_done": 1,
    "rows_total": 1,
}


@pytest.fixture
def bad_csv(tmp_path):
    file = write_csv(tmp_path / "bad.csv", *image_rows(20, seed=99))
    file.write_text(file.read_text() + "abc" + ",1" * 200 + "\n")
    return file


def test_dropped_files_are_uploaded_and_the_first_image_opens(workshop, viewer, tmp_path):
    viewer.open(workshop.url)
    files = [write_csv(tmp_path / f"dropped-{seed}.csv", *image_rows(400, seed=seed)) for seed in (11, 12)]
    drop(viewer, files)
    viewer.until("document.getElementById('image-name').textContent === 'dropped-11.csv'")
    viewer.until("document.querySelectorAll('#jobs [data-state=stored]').length >= 2")
    viewer.until("document.getElementById('image-list').textContent.includes('dropped-12.csv')")
    assert viewer["#files"].is_visible()


def test_a_file_chosen_with_the_button_shows_its_progress(workshop, viewer, tmp_path):
    viewer.open(workshop.url)
    viewer.evaluate(
        """() => {
            window.seen = new Set();
            new MutationObserver(() => {
                for (const item of document.querySelectorAll("#jobs li")) {
                    window.seen.add(item.dataset.state);
                    if (item.querySelector("progress")) window.seen.add("progress");
                }
            }).observe(document.getElementById("jobs"), {childList: true});
        }"""
    )
    file = write_csv(tmp_path / "chosen.csv", *image_rows(4000, seed=13))
    with viewer.page.expect_file_chooser() as chooser:
        viewer["#upload-button"].click()
    chooser.value.set_files(file)
    viewer.until("document.getElementById('image-name').textContent === 'chosen.csv'")
    viewer.wait_until_drawn()
    assert {"uploading", "progress", "stored"} <= set(viewer.evaluate("[...window.seen]"))


def test_a_file_copied_into_the_data_folder_appears_by_itself(workshop, viewer):
    viewer.open(workshop.url)
    write_csv(workshop.data / "copied.csv", *image_rows(300, seed=14))
    viewer.until("document.getElementById('image-list').textContent.includes('copied.csv')")
    assert viewer["#image-name"].inner_text() == "well.csv"


def test_an_image_that_is_deleted_while_it_is_shown_is_told(workshop, viewer, tmp_path):
    viewer.expect_complaints("404")
    viewer.open(workshop.url)
    drop(viewer, [write_csv(tmp_path / "doomed.csv", *image_rows(300, seed=17))])
    viewer.until("document.getElementById('image-name').textContent === 'doomed.csv'")
    viewer.wait_until_drawn()
    viewer.until("location.search.includes('image=')")
    assert httpx2.delete(f"{workshop.url}/images/{viewer.query['image']}").is_success
    viewer.until("document.getElementById('notice').textContent.includes('doomed.csv has been deleted')")
    viewer.until("!document.getElementById('image-list').textContent.includes('doomed.csv')")


def test_a_failure_is_told_in_words_and_tried_again(workshop, viewer, bad_csv):
    viewer.open(workshop.url)
    drop(viewer, [bad_csv])
    viewer.until("document.querySelector('#jobs [data-state=failed]')")
    failed = viewer["#jobs li[data-state=failed]"].first
    assert "bad.csv" in failed.inner_text()
    assert "abc" in failed.locator(".message").inner_text()
    (workshop.data / "failed" / "bad.csv").write_bytes(
        write_csv(bad_csv, *image_rows(20, seed=99)).read_bytes()
    )
    failed.get_by_role("button", name="Try bad.csv again").click()
    viewer.until("document.getElementById('image-list').textContent.includes('bad.csv')")


def test_the_same_file_again_opens_the_image_it_equals(workshop, viewer, tmp_path):
    content = image_rows(200, seed=15)
    viewer.open(workshop.url)
    drop(viewer, [write_csv(tmp_path / "first.csv", *content)])
    viewer.until("document.getElementById('image-name').textContent === 'first.csv'")
    viewer["#image-list button"].first.click()
    viewer.until("document.getElementById('image-name').textContent === 'well.csv'")
    drop(viewer, [write_csv(tmp_path / "second.csv", *content)])
    viewer.until("document.getElementById('image-name').textContent === 'first.csv'")
    assert viewer["#jobs li[data-state=duplicate]"].count() == 1


def test_the_pipeline_is_stopped_and_started(workshop, viewer):
    viewer.open(workshop.url)
    viewer["#pipeline-stop"].click()
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")
    assert workshop.get("/pipeline/status")["running"] is False
    viewer["#pipeline-start"].click()
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline running'")
    assert workshop.get("/pipeline/status")["running"] is True


def test_a_long_history_is_shown_page_by_page(workshop, viewer):
    def history(route):
        asked = parse_qs(urlsplit(route.request.url).query)
        newest = int(asked["before"][0]) - 1 if "before" in asked else 120
        numbers = range(newest, max(newest - 50, 0), -1)
        jobs = [JOB | {"id": number, "name": f"{number}.csv"} for number in numbers]
        route.fulfill(json={"jobs": jobs, "total": 120, "next": "…" if numbers[-1] > 1 else None})

    viewer.page.route("**/pipeline/history*", history)
    viewer.open(workshop.url)
    viewer["#jobs-toggle"].click()
    for count in (50, 100, 120):
        viewer.until(f"document.querySelectorAll('#jobs li').length === {count}")
        if count < 120:
            viewer["#more-jobs"].click()
    assert not viewer["#more-jobs"].is_visible()
    assert viewer["#jobs .job-name"].last.inner_text() == "1.csv"


def test_without_events_the_page_asks(workshop, viewer):
    viewer.expect_complaints("404")
    viewer.page.route("**/pipeline/events", lambda route: route.fulfill(status=404))
    viewer.open(workshop.url)
    httpx2.post(f"{workshop.url}/pipeline/stop")
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")
    httpx2.post(f"{workshop.url}/pipeline/start")
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline running'")


def test_an_empty_server_says_what_to_do_and_shows_the_demo_for_its_key(serve, viewer):
    viewer.expect_complaints("401")
    server = serve(api_key="sesame")
    viewer.page.goto(server.url)
    viewer.until("!document.getElementById('empty').hidden")
    viewer.until(f"document.getElementById('empty-copy').textContent.includes('{server.data}')")
    viewer["#demo-button"].click()
    viewer["#key-input"].fill("wrong")
    viewer["#key-input"].press("Enter")
    viewer.until("document.getElementById('key-message').textContent.includes('did not accept')")
    viewer["#key-input"].fill("sesame")
    viewer["#key-input"].press("Enter")
    viewer.until("document.getElementById('image-name').textContent === 'demo.csv'")
    viewer.wait_until_drawn()
    viewer["#pipeline-stop"].click()  # the key is known by now
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")
    assert not viewer["#key-dialog"].is_visible()


def test_with_a_landing_zone_all_of_it_goes_by_the_bucket(serve, viewer, s3_server, tmp_path, bad_csv):
    bucket = s3_server.bucket("of-the-page")
    server = serve(landing_uri=f"s3://{bucket.name}/incoming")
    viewer.page.goto(server.url)
    viewer.until("!document.getElementById('empty').hidden")
    viewer.until(
        f"document.getElementById('empty-copy').textContent.endsWith(' s3://{bucket.name}/incoming/')"
    )
    viewer["#demo-button"].click()
    viewer.until("document.getElementById('image-name').textContent === 'demo.csv'")
    drop(viewer, [write_csv(tmp_path / "dropped.csv", *image_rows(400, seed=11)), bad_csv])
    viewer.until("document.getElementById('image-list').textContent.includes('dropped.csv')")
    viewer.until("document.querySelector('#jobs [data-state=failed]')")
    eventually((bucket / "incoming/failed/bad.csv").exists, "it is moved")
    write_csv(bucket / "incoming/failed/bad.csv", *image_rows(20, seed=99))
    viewer["#jobs"].get_by_role("button", name="Try bad.csv again").click()
    viewer.until("document.getElementById('image-list').textContent.includes('bad.csv')")
    processed = {"demo.csv", "dropped.csv", "bad.csv"}
    eventually(
        lambda: {path.name for path in bucket.glob("incoming/processed/*")} == processed, "all are moved"
    )
    assert list(server.data.rglob("*.csv")) == []


def test_a_server_that_goes_away_is_said_and_comes_back_by_itself(workshop, viewer):
    viewer.expect_complaints("ERR_", "Failed to load")
    viewer.open(workshop.url)
    workshop.stop()
    viewer.until("document.getElementById('notice').textContent.includes('does not answer')")
    workshop.start()
    viewer.until("document.getElementById('notice').hidden", seconds=40)
    viewer["#pipeline-scan"].click()
    write_csv(workshop.data / "after.csv", *image_rows(100, seed=16))
    viewer.until("document.getElementById('image-list').textContent.includes('after.csv')")


def drop(viewer, files):
    """As a hand does it: from outside over the page, and let go."""
    names = [file.name for file in files]
    contents = [file.read_text() for file in files]
    viewer.evaluate(
        """([names, contents]) => {
            const dataTransfer = new DataTransfer();
            names.forEach((name, k) => dataTransfer.items.add(new File([contents[k]], name)));
            for (const kind of ["dragenter", "dragover", "drop"]) {
                document.querySelector("#main").dispatchEvent(
                    new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
                if (kind === "dragover" && document.getElementById("drop-veil").hidden) throw new Error("no veil");
            }
        }""",
        [names, contents],
    )
    assert not viewer["#drop-veil"].is_visible()
