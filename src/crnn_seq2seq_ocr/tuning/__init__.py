"""From a folder of pictures with texts to a released model: plan, train, calibrate, release, report."""
