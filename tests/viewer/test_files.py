"""Files on their way in, as the page shows them."""

from __future__ import annotations

import httpx2
import pytest

from tests.builders import image_rows, write_csv


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
    viewer.open(workshop.url)
    drop(viewer, [write_csv(tmp_path / "doomed.csv", *image_rows(300, seed=17))])
    viewer.until("document.getElementById('image-name').textContent === 'doomed.csv'")
    viewer.wait_until_drawn()
    viewer.until("location.search.includes('image=')")
    assert httpx2.delete(f"{workshop.url}/images/{viewer.query['image']}").is_success
    viewer.until("document.getElementById('notice').textContent.includes('doomed.csv has been deleted')")
    viewer.until("!document.getElementById('image-list').textContent.includes('doomed.csv')")
    viewer.complaints.clear()  # nothing of it is found any more


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


def test_without_events_the_page_asks(workshop, viewer):
    viewer.page.route("**/pipeline/events", lambda route: route.fulfill(status=404))
    viewer.open(workshop.url)
    httpx2.post(f"{workshop.url}/pipeline/stop")
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline stopped'")
    httpx2.post(f"{workshop.url}/pipeline/start")
    viewer.until("document.getElementById('pipeline-state').textContent === 'Pipeline running'")
    viewer.complaints.clear()  # the 404


def test_an_empty_server_says_what_to_do_and_shows_the_demo_for_its_key(serve, viewer):
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
    viewer.complaints.clear()  # the 401s


def test_a_server_that_goes_away_is_said_and_comes_back_by_itself(workshop, viewer):
    viewer.open(workshop.url)
    workshop.stop()
    viewer.until("document.getElementById('notice').textContent.includes('does not answer')")
    workshop.start()
    viewer.until("document.getElementById('notice').hidden", seconds=20)
    viewer["#pipeline-scan"].click()
    write_csv(workshop.data / "after.csv", *image_rows(100, seed=16))
    viewer.until("document.getElementById('image-list').textContent.includes('after.csv')")
    viewer.complaints.clear()  # connections refused


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
