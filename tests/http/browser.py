# SPDX-License-Identifier: OLDAP-2.8
"""A real Chromium for tests: one for all of a program's pages.

Without the browser or its driver (Debian's chromium, chromium-driver and
python3-selenium) the program is skipped.  Pictures go to the folder
tests/http/pictures of the build tree.
"""
import atexit
import base64
import os
import tempfile

from rosterd import BUILD, DEADLINE_S, FOLDER, HERE, need, until

try:
    from selenium import webdriver
    from selenium.webdriver.chrome.options import Options
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.by import By
    from selenium.common.exceptions import (NoSuchElementException,
                                            WebDriverException)
except ImportError as missing:
    import sys
    print("skipped: %s" % missing)
    sys.exit(77)

PICTURES = os.path.join(BUILD, "tests", "http", "pictures")
PHONE, DESK, REFLOW = 390, 1280, 320
NAMED = {"button", "link", "textbox", "searchbox", "combobox", "checkbox",
         "radio", "spinbutton", "img", "image", "navigation", "Date",
         "DisclosureTriangle", "meter", "table", "heading", "option"}

with open(os.path.join(HERE, "accessible.js")) as script:
    ACCESSIBLE = script.read()


class Chrome:
    accessible = ACCESSIBLE

    def __init__(self):
        options = Options()
        options.binary_location = need("chromium")
        for argument in (
                "--headless=new", "--no-proxy-server", "--disable-gpu",
                "--disable-dev-shm-usage", "--disable-extensions",
                "--disable-background-networking", "--no-first-run",
                "--disable-component-update", "--disable-sync",
                "--force-color-profile=srgb", "--hide-scrollbars",
                "--user-data-dir=" + tempfile.mkdtemp(dir=FOLDER)):
            options.add_argument(argument)
        if os.geteuid() == 0:
            options.add_argument("--no-sandbox")
        options.add_experimental_option("prefs", {
            "intl.accept_languages": "en", "credentials_enable_service": False})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        # the driver is asked over the loopback, whatever proxy there is
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = "*"
        self.driver = webdriver.Chrome(
            service=Service(need("chromedriver")), options=options)
        atexit.register(self.driver.quit)
        self.driver.set_page_load_timeout(DEADLINE_S)
        self.rosterd = None
        self.plain = ""
        self.wrong = []
        self.seen = set()  # paths that were looked at
        os.makedirs(PICTURES, exist_ok=True)
        self.size(DESK)

    def tell(self, command, **values):
        return self.driver.execute_cdp_cmd(command, values)

    # ------------------------------------------------------- what it is like

    def size(self, width, height=900):
        self.tell("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, dark):
        self.tell("Emulation.setEmulatedMedia", media="", features=[
            {"name": "prefers-color-scheme",
             "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    def scripts(self, allowed):
        self.plain = "" if allowed else "-plain"
        self.tell("Emulation.setScriptExecutionDisabled", value=not allowed)

    def language(self, tags):
        self.tell("Network.setUserAgentOverride", userAgent=self.driver
                  .execute_script("return navigator.userAgent"),
                  acceptLanguage=tags)

    # --------------------------------------------------------- where it goes

    def forget(self):
        """Nobody is signed in."""
        self.tell("Network.clearBrowserCookies")

    def open(self, path):
        self.driver.get(self.rosterd.url + path)

    def sign_in(self, username, password):
        self.forget()
        self.open("/login")
        self.fill(username=username, password=password)
        self.press("Sign in")

    def all(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        return self.driver.find_element(By.CSS_SELECTOR, css)

    def text(self):
        return self.one("main").text

    def path(self):
        return self.driver.current_url[len(self.rosterd.url):]

    def fill(self, form="", **values):
        """Type into fields, by their names."""
        for name, value in values.items():
            field = self.one('%s [name="%s"]' % (form, name))
            kind = field.get_attribute("type")
            if field.tag_name == "select":
                for option in field.find_elements(By.TAG_NAME, "option"):
                    if option.get_attribute("value") == value:
                        option.click()
            elif kind == "checkbox":
                if field.is_selected() != value:
                    field.click()
            else:
                field.clear()
                field.send_keys(value)

    def press(self, words, css="button, a, summary"):
        """What a person would press who reads these words."""
        before = self.one("html")
        for thing in self.all(css):
            # what only a screen reader says begins a line of its own
            said = thing.text.strip().split("\n")[0].strip()
            if said == words and thing.is_displayed():
                thing.click()
                break
        else:
            raise AssertionError("nothing to press says %r on %s" % (
                words, self.path()))
        if thing_goes_on(thing):
            until(lambda: gone(before), "the page after %r" % words)
            until(lambda: self.driver.execute_script(
                "return document.readyState") == "complete", "the page")

    # --------------------------------------------------------- what is there

    def picture(self, name, width, dark):
        """The whole page as tests/http/pictures/NAME-WIDTH-light.png."""
        path = os.path.join(PICTURES, "%s-%d-%s.png" % (
            name, width, "dark" if dark else "light"))
        height = self.driver.execute_script(
            "return Math.min(document.documentElement.scrollHeight, 6000)")
        got = self.tell("Page.captureScreenshot", captureBeyondViewport=True,
                        clip={"x": 0, "y": 0, "width": width,
                              "height": height, "scale": 1})
        with open(path, "wb") as out:
            out.write(base64.b64decode(got["data"]))
        return path

    def for_the_manual(self, name):
        """What stands in doc/pictures, when that is wanted: make pictures."""
        folder = os.environ.get("ROSTER_DOC_PICTURES")
        if not folder:
            return
        os.makedirs(folder, exist_ok=True)
        self.size(1180, 760)
        self.dark(False)
        self.driver.execute_script("scrollTo(0, 0)")
        got = self.tell("Page.captureScreenshot", format="webp", quality=60,
                        clip={"x": 0, "y": 0, "width": 1180, "height": 760,
                              "scale": 0.8})
        with open(os.path.join(folder, name + ".webp"), "wb") as out:
            out.write(base64.b64decode(got["data"]))
        self.size(DESK)

    def nameless(self):
        """Controls and pictures that have no name for a screen reader."""
        found = []
        for node in self.tell("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            if node.get("ignored") or role not in NAMED:
                continue
            if not node.get("name", {}).get("value", "").strip():
                found.append("a %s without a name" % role)
        return found

    def console(self, status=()):
        """What the console complains of, but a page's own status."""
        return ["console: " + entry["message"]
                for entry in self.driver.get_log("browser")
                if entry["level"] in ("SEVERE", "WARNING") and not any(
                    "status of %d" % one in entry["message"]
                    for one in status)]

    def look(self, name, status=()):
        """Look at the page as it stands, everywhere; keep pictures."""
        wrong = self.console(status)
        self.seen.add(self.path())
        views = [(DESK, False), (DESK, True), (PHONE, True), (PHONE, False)]
        if self.plain:
            views = [(DESK, False), (PHONE, True)]  # it looks the same
        for width, dark in views:
            self.size(width)
            self.dark(dark)
            seen = self.driver.execute_script(ACCESSIBLE)
            wrong += ["%d %s: %s" % (width, "dark" if dark else "light", one)
                      for one in seen]
            self.picture(name + self.plain, width, dark)
        self.size(REFLOW)
        wrong += ["%d: %s" % (REFLOW, one)
                  for one in self.driver.execute_script(ACCESSIBLE)]
        self.size(DESK)
        wrong += self.nameless() + self.console(status)
        self.wrong += ["%s: %s" % (name, one) for one in wrong]
        return wrong


def thing_goes_on(thing):
    """It was pressed and leads to another page."""
    try:
        return thing.tag_name != "summary" and \
            thing.get_attribute("type") != "button"
    except WebDriverException:
        return True


def gone(element):
    try:
        element.is_enabled()
        return False
    except WebDriverException:
        return True


__all__ = ["Chrome", "DESK", "NoSuchElementException", "PHONE", "PICTURES"]
