"""The provider plugin: `pulumi package add ./components` runs this, for any Pulumi language."""

import sys

from edgewright._provider import EdgewrightProvider
from pulumi.provider import main

if __name__ == "__main__":
    main(EdgewrightProvider(), sys.argv[1:])
