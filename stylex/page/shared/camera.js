// The live camera: one frame after the other, each as soon as the last one is painted.
const SIDE = 640;

export class Camera {
  constructor(painted) {
    this.painted = painted;
    this.on = false;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    this.canvas = document.createElement("canvas");
  }

  async toggle() {
    if (this.on) {
      this.on = false;
      this.video.srcObject.getTracks().forEach((track) => track.stop());
      return;
    }
    if (!navigator.mediaDevices) throw new Error("a browser gives it to https and to this machine alone");
    this.video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "user" } });
    await this.video.play();
    this.on = true;
    this.run();
  }

  async run() {
    while (this.on) {
      const scale = Math.min(1, SIDE / Math.max(this.video.videoWidth, this.video.videoHeight));
      this.canvas.width = Math.round(this.video.videoWidth * scale);
      this.canvas.height = Math.round(this.video.videoHeight * scale);
      this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
      await this.painted(await new Promise((done) => this.canvas.toBlob(done, "image/jpeg", 0.9)));
      await new Promise(requestAnimationFrame);
    }
  }
}
